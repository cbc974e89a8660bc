select id as source_id,
    coalesce(name, trim(coalesce(last_name, '') || ' ' || coalesce(first_name, '') || ' ' || coalesce(middle_name, ''))) as name,
    specialty,
    nullif(clinic, '00000000-0000-0000-0000-000000000000') as branch_source_id
from rows
