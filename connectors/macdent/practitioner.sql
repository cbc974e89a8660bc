select id as source_id, name, specialty from rows
