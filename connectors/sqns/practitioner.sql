select id as source_id, title as name, description as specialty from rows
