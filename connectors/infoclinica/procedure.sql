-- A line owes its share of the bill's head: TREAT's sums after discount, in proportion to the lines' sums (SCHAMOUNT), to the kopeck, so that all
-- lines together owe exactly AMOUNTCL_DISC + AMOUNTJP_DISC. A bill of negative sums is a return.
with read as (
    select *,
        coalesce(owed_client, case when owed_organization is null then bill_sum end, '0') as client,
        coalesce(owed_organization, '0') as organization,
        case when bill_sum < 0 then minus('0', bill_sum) else bill_sum end as weight_sum,
        case when bill_sum < 0 then minus('0', bill_through) else bill_through end as weight_through,
        case when bill_sum < 0 then minus(schamount, bill_through) else minus(bill_through, schamount) end as weight_before,
        case when treatcode is not null then case
            when instr(',' || site('barter_agreement_types') || ',', ',' || agrtype || ',') > 0 then 'barter'
            when instr(fold(coalesce(jname, '') || ' ' || coalesce(agname, '')), 'бартер') > 0 then 'barter'
            when instr(',' || site('gift_agreement_types') || ',', ',' || agrtype || ',') > 0 then 'gift'
            when instr(',' || site('corporate_agreement_types') || ',', ',' || agrtype || ',') > 0 then 'corporate'
            else 'insurance'
        end end as account,
        site('limit_amount') = 'amountrub' and histid > 0 and policy_sum > 0 as has_limit,
        code('doctype', coalesce(doctype, 1)) as work,
        coalesce(latin_code(nomenclature), latin_code(kodoper)) as national
    from rows
), shared as (
    select *,
        share(plus(client, organization), weight_before, weight_through, weight_sum) as owed,
        share(client, weight_before, weight_through, weight_sum) as owed_by_patient,
        case
            when has_limit or account in ('barter', 'gift') then 'limit'
            when account = 'corporate' then 'organization'
            else 'insurer'
        end as other_payer,
        case when has_limit then histid end as limit_id
    from read
), split as (
    select *,
        minus(owed, owed_by_patient) as owed_by_other,
        cast(organization as numeric) <> 0 and (cast(client as numeric) = 0 or cast(owed_by_patient as numeric) = 0) as other_alone,
        cast(owed_by_patient as numeric) <> 0 and cast(minus(owed, owed_by_patient) as numeric) <> 0 as both
    from shared
)
select line_id as source_id,
    filial as branch_source_id,
    pcode as patient_source_id,
    case when dcode > 0 then dcode end as practitioner_source_id,
    local_ts(filial, case when work like 'lab%' then coalesce(naradclose, treatdate) else treatdate end) as performed_at,
    case when work = 'lab_open' then 'in_progress' else 'done' end as state,
    coalesce(nullif(trim(kodoper), ''), 'SCHID-' || schcode) as service_code,
    schname as service_name,
    case when national glob '[AB][0-9][0-9].[0-9]*' then national end as nomenclature,
    case when instr(',' || site('goods_wtypes') || ',', ',' || wtype || ',') > 0 then 'goods' end as category,
    decimal(schcount) as quantity,
    teeth(tooth) as teeth,
    money(list_total) as list_total,
    case when list_total > 0 and cast(minus(list_total, owed) as numeric) >= 0 then money(minus(list_total, owed)) end as discount,
    money(owed) as total,
    case when both then null when other_alone then other_payer else 'patient' end as payer,
    case when other_alone and not both then limit_id end as limit_source_id,
    case when both then shares('patient', null, money(owed_by_patient), other_payer, limit_id, money(owed_by_other)) end as shares,
    local_ts(filial, coalesce(modifydate, createdate)) as source_modified_at,
    case
        when pcode is null or pcode <= 0 then 'no person: a placeholder row'
        when accesslevel > 1 then 'hidden by the MIS (ACCESSLEVEL)'
        when work = 'skip' then 'document of a kind that is no treatment'
    end as skip_reason
from split
