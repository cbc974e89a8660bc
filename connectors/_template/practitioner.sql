-- WHAT THEY MEAN, in SQLite, once per row. fill me in
select id as source_id,
    full_name as name,
    speciality as specialty,
    case when dismissed = 1 then 0 else 1 end as active
from rows
