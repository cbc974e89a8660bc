select key as source_id, doctor_id as practitioner_source_id, case when build_id <> '0' then build_id end as branch_source_id, room,
    local_ts(null, date || ' ' || start) as starts_at,
    case when substr("end", 1, 5) in ('00:00', '24:00') then local_ts(null, date, 1440) else local_ts(null, date || ' ' || "end") end as ends_at,
    free
from rows
