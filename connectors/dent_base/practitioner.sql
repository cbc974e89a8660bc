select doctor_id as source_id, full_name as name, specialty, case when dismissed = 1 then 0 else 1 end as active from rows
