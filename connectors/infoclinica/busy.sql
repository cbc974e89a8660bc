-- Reserves and blocked time: TMSTATUS > 0 and no patient (the fetch chooses them). Ids are SCHEDULE's, of another kind than appointments.
select schedid as source_id,
    filial as branch_source_id,
    case when dcode > 0 then dcode else dcode1 end as practitioner_source_id,
    chname as room,
    local_ts(filial, workdate, bhour, coalesce(bmin, 0)) as starts_at,
    local_ts(filial, workdate, fhour, case when fhour = 24 then 0 else coalesce(fmin, 0) end) as ends_at,
    local_ts(filial, coalesce(modifydate, createdate)) as source_modified_at,
    case when coalesce(dcode, 0) <= 0 and coalesce(dcode1, 0) <= 0 then 'reserve of nobody' end as skip_reason
from rows
