-- Working time: the visits in it are not taken out.
select key as source_id, doctor_id as practitioner_source_id, branch_id as branch_source_id, chair_id as room,
    local_ts(branch_id, day || ' ' || time_from) as starts_at,
    case when substr(time_to, 1, 5) in ('00:00', '24:00') then local_ts(branch_id, day, 1440) else local_ts(branch_id, day || ' ' || time_to) end as ends_at
from rows
