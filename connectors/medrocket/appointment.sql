-- canceled is all that is told of a booking's fate: what came of the visit stands in the clinic's own system.
select uuid as source_id, uuid as patient_source_id, doctor_id as practitioner_source_id, lpu_id as branch_source_id,
    local_ts(lpu_id, date || ' ' || time_start) as starts_at,
    case when substr(time_end, 1, 5) in ('00:00', '24:00') then local_ts(lpu_id, date, 1440) else local_ts(lpu_id, date || ' ' || time_end) end as ends_at,
    code('canceled', canceled) as status,
    1 as online
from rows
