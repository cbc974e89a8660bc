select id as source_id, last_name, first_name, middle_name, phones(phone, mobile) as phones, email, local_ts(null, updated) as source_modified_at,
    case when deleted = 1 then 'deleted' end as skip_reason
from rows
