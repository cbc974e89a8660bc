-- The same service has a price in each clinic. One without an article of its own is known by its key.
select id as source_id, clinic as branch_source_id, coalesce(article, 'id-' || key) as code, name, type as category, money(price) as price,
    case when folder = 1 then 'a folder' end as skip_reason
from rows
