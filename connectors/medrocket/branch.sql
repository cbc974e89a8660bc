-- timedelta: hours from UTC; codes.csv has those of Russia. A branch elsewhere has no zone here, and is none the worse for it.
select id as source_id, name, try(code('timedelta', timedelta), null) as timezone, legal_entity from rows
