select id as source_id, title as name from rows
