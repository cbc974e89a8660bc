-- A price from … to is none: only where both ends are the same sum is it the price.
select id as source_id, 'id-' || id as code, title as name, category, case when low = high then money(low) end as price from rows
