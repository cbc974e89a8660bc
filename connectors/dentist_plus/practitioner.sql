select id as source_id, trim(coalesce(last_name, '') || ' ' || coalesce(first_name, '') || ' ' || coalesce(middle_name, '')) as name, specialization as specialty,
    local_ts(null, updated) as source_modified_at
from rows
