select plan_id as source_id, card_id as patient_source_id, doctor_id as practitioner_source_id, iso_date(created_on) as created_on, title, is_active as active from rows
