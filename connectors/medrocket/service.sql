-- The service has no code but its number, which is a branch's own.
select key as source_id, id as code, name, lpu_id as branch_source_id, money(price) as price from rows
