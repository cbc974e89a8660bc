select id as source_id,
    id_patients as patient_source_id,
    id_staffs as practitioner_source_id,
    iso_date(datetimecreated) as created_on,
    nullif(trim(name), '') as title,
    isactive as active,
    case when id_patients is null then 'plan of nobody' end as skip_reason
from rows
