-- Code and folder are those of the newest period that has begun. Several price lists may hold at once, and which is the patients' only the clinic
-- knows: there is a price where all lists agree.
with read as (
    select *, coalesce(latin_code(nomenclature), latin_code(code)) as national from rows
)
select id as source_id,
    coalesce(nullif(trim(code), ''), 'ServiceItems-' || id) as code,
    coalesce(nullif(trim(name), ''), 'услуга ' || id) as name,
    case when national glob '[AB][0-9][0-9].[0-9]*' then national end as nomenclature,
    case when notaservice = 1 and site('not_a_service') = 'goods' then 'goods' else coalesce(category, folder) end as category,
    case when price_min = price_max then money(price_min) end as price
from read
