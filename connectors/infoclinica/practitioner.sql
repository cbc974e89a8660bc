-- DCODE -1 is "no doctor"; registrars and "external system" are rows like any other.
select dcode as source_id,
    coalesce(nullif(trim(fullname), ''), nullif(trim(dname), ''), 'врач ' || dcode) as name,
    depname as specialty,
    case when locked = 1 then 0 else 1 end as active,
    filial as branch_source_id,
    local_ts(filial, modifydate) as source_modified_at,
    case when dcode <= 0 then 'no person: a placeholder row' end as skip_reason
from rows
