-- A service without a code of the clinic's own is known by its id. mz_code is taken where it has the form of a national code.
select id as source_id, coalesce(code, 'id-' || id) as code, name,
    case when latin_code(mz_code) glob '[AB][0-9][0-9].[0-9][0-9].[0-9][0-9][0-9]*' then mz_code end as nomenclature,
    group_name as category, money(base_cost) as price
from rows
