-- Free time comes as cells of a quarter of an hour, busy time as one block; neighbours become one time where slots are told (A3).
-- A start without an offset is the branch's own clock.
select id as source_id, branchid as branch_source_id, doctorid as practitioner_source_id,
    local_ts(branchid, startdatetime) as starts_at,
    plus_minutes(local_ts(branchid, startdatetime), lengthinminutes) as ends_at,
    not isbusy as free,
    case when lengthinminutes <= 0 then 'no length' end as skip_reason
from rows
