-- KODOPER is the clinic's own code; many clinics type the national nomenclature's code there (A16.07.002, in either alphabet).
with read as (
    select *, coalesce(latin_code(nomenclature), latin_code(kodoper)) as national from rows
)
select schid as source_id,
    coalesce(nullif(trim(kodoper), ''), 'SCHID-' || schid) as code,
    coalesce(nullif(trim(schname), ''), 'услуга ' || schid) as name,
    case when national glob '[AB][0-9][0-9].[0-9]*' then national end as nomenclature,
    case when instr(',' || site('goods_wtypes') || ',', ',' || wtype || ',') > 0 then 'goods' else sname end as category
from read
