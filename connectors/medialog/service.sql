-- CODE is the clinic's own; the national nomenclature's code (A16.07.002, in either alphabet) stands in CODE_AN or in CODE at many.
with read as (
    select *, latin_code(nomenclature) as by_site, latin_code(code_an) as by_code_an, latin_code(code) as by_code from rows
)
select fm_serv_id as source_id,
    coalesce(nullif(trim(code), ''), 'FM_SERV-' || fm_serv_id) as code,
    coalesce(nullif(trim(label), ''), 'услуга ' || fm_serv_id) as name,
    case
        when by_site glob '[AB][0-9][0-9].[0-9]*' then by_site
        when by_code_an glob '[AB][0-9][0-9].[0-9]*' then by_code_an
        when by_code glob '[AB][0-9][0-9].[0-9]*' then by_code
    end as nomenclature,
    case
        when instr(',' || site('goods_serv_types') || ',', ',' || trim(serv_type) || ',') > 0 then 'goods'
        else coalesce(nullif(trim(group_label), ''), nullif(trim(group_code), ''))
    end as category,
    case when instr(',' || site('advance_serv_types') || ',', ',' || trim(serv_type) || ',') > 0 then 'an advance, no service' end as skip_reason
from read
