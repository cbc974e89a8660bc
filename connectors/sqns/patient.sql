select id as source_id, last_name, first_name, middle_name, iso_date(birth) as birth_date, phones(phone, phone2) as phones, email from rows
