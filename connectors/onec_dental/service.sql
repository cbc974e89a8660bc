-- Lines name a service by its key alone, so the key is its code.
select id as source_id, id as code, coalesce(full_name, name) as name, type as category,
    case when site('nomenclature_field') <> '' then nullif(json_get(item, site('nomenclature_field')), '') end as nomenclature,
    case when deleted = 1 then 'marked for deletion in 1С' end as skip_reason
from rows
