-- One card per booking: nothing but name and phone tells persons apart, and one phone may serve a family.
select claim_id as source_id, last_name, first_name, second_name as middle_name, iso_date(birthday) as birth_date, phones(mobile_phone) as phones from rows
