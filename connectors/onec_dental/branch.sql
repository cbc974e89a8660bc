select id as source_id, name, case when deleted = 1 then 'marked for deletion in 1С' end as skip_reason from rows
