-- DIR_SERV: one ordered service. How far it is, the lines of bills say; an order all of whose executions (DIR_ANSW) are cancelled plans nothing.
with read as (
    select *, latin_code(nomenclature) as by_site, latin_code(code_an) as by_code_an, latin_code(code) as by_code from rows
)
select dir_serv_id as source_id,
    patdirec_id as plan_source_id,
    cast(stage as integer) as stage,
    place as position,
    coalesce(nullif(trim(code), ''), 'FM_SERV-' || fm_serv_id) as service_code,
    label as service_name,
    case
        when by_site glob '[AB][0-9][0-9].[0-9]*' then by_site
        when by_code_an glob '[AB][0-9][0-9].[0-9]*' then by_code_an
        when by_code glob '[AB][0-9][0-9].[0-9]*' then by_code
    end as nomenclature,
    teeth(tooth) as teeth,
    decimal(cnt) as quantity,
    money(total) as total,
    local_ts(null, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case
        when site('plan_kinds') <> '' and instr(',' || site('plan_kinds') || ',', ',' || coalesce(patdirec_kind, '-') || ',') = 0
            then 'order of a kind that is no treatment plan (site: plan_kinds)'
        when answers > 0 and answers = answers_cancelled then 'every execution of the order is cancelled'
    end as skip_reason
from read
