-- Professions come as a list of titles, or as one text.
select id as source_id, name, try(json_get(profession_titles, '[0]'), profession_titles) as specialty, case when is_deleted = 1 then 0 else 1 end as active,
    case when default_clinic <> '0' then default_clinic end as branch_source_id
from rows
