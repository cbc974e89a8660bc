-- lpus: the numbers of the branches; who works in several belongs to none.
select id as source_id, efio as name,
    case when json_get(lpus, '[1]') is null then json_get(lpus, '[0]') end as branch_source_id
from rows
