-- Version 5 names the parts name, name1, name2; a sample of version 4 has last_name, first_name, middle_name.
select id as source_id,
    trim(coalesce(last_name, name) || ' ' || coalesce(first_name, name1, '') || ' ' || coalesce(middle_name, name2, '')) as name,
    type as specialty,
    case when branch_id <> '0' then branch_id end as branch_source_id
from rows
