-- A service without a code of the clinic's own is known by its id. The code is taken as the national one where it has that form.
select service_id as source_id, coalesce(nullif(code, ''), 'id-' || service_id) as code, title as name,
    case when latin_code(code) glob '[AB][0-9][0-9].[0-9][0-9].[0-9][0-9][0-9]*' then code end as nomenclature,
    category_title as category, money(price) as price
from rows
