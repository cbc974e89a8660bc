select id as source_id, last_name, first_name, middle_name, iso_date(birthdate) as birth_date, phones(phone, phone1) as phones, email,
    local_ts(null, changedate) as source_modified_at
from rows
