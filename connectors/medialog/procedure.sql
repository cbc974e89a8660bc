-- A line owes what its parts (FM_BILLDET_PAY) say, each part by its own payer. A line that was not split yet owes PRICE_TO_PAY, divided by ORG1_PERC between the
-- policy's payer and the patient. Parts of cancelled invoices are no longer owed (the fetch leaves them out, and counts them).
with read as (
    select *,
        coalesce(total_price, times(price, cnt)) as list_sum,
        coalesce(price_to_pay, total_price, times(price, cnt)) as own_sum,
        case when limit_sum > 0 then limit_sum when program_limit > 0 then program_limit end as account_sum,
        fold(coalesce(org_label, '') || ' ' || coalesce(contract_code, '') || ' ' || coalesce(program_code, '')) as words,
        code('invoice_state', odd_state) as odd_state_is,
        latin_code(nomenclature) as by_site, latin_code(code_an) as by_code_an, latin_code(code) as by_code
    from rows
), accounts as (
    select *,
        account_sum is not null and fm_clink_patients_id is not null and org_patient is null as has_limit,
        case
            when instr(',' || site('barter_orgs') || ',', ',' || org_id || ',') > 0 or words like site('barter_words') then 'limit'
            when instr(',' || site('gift_orgs') || ',', ',' || org_id || ',') > 0 then 'limit'
            when instr(',' || site('clinic_orgs') || ',', ',' || org_id || ',') > 0 then 'clinic'
            when instr(',' || site('corporate_orgs') || ',', ',' || org_id || ',') > 0 then 'organization'
            else 'insurer'
        end as policy_is,
        case
            when instr(',' || site('barter_orgs') || ',', ',' || other_id || ',') > 0 or fold(other_label) like site('barter_words') then 'limit'
            when instr(',' || site('gift_orgs') || ',', ',' || other_id || ',') > 0 then 'limit'
            when instr(',' || site('clinic_orgs') || ',', ',' || other_id || ',') > 0 then 'clinic'
            when others > 1 or instr(',' || site('corporate_orgs') || ',', ',' || other_id || ',') > 0 then 'organization'
            else 'insurer'
        end as other_payer,
        parts > 0 as is_split,
        coalesce(parts, 0) = 0 and org_id is not null and org_patient is null as by_percent
    from read
), owed as (
    select *,
        case when has_limit then 'limit' else policy_is end as policy_payer,
        case when has_limit then fm_clink_patients_id end as limit_id,
        case
            when is_split then coalesce(policy_part, '0')
            when by_percent and org1_perc > 0 then share(own_sum, '0', org1_perc, '100')
            else '0'
        end as by_policy,
        case when is_split then coalesce(other_part, '0') else '0' end as by_other,
        case when is_split then coalesce(patient_part, '0') end as by_patient_part
    from accounts
), split as (
    select *,
        coalesce(by_patient_part, minus(own_sum, by_policy)) as by_patient,
        plus(coalesce(by_patient_part, minus(own_sum, by_policy)), by_policy, by_other) as owed_sum
    from owed
), counted as (
    select *,
        (cast(by_patient as numeric) <> 0) + (cast(by_policy as numeric) <> 0) + (cast(by_other as numeric) <> 0) as payers
    from split
)
select fm_billdet_id as source_id,
    branch_id as branch_source_id,
    patients_id as patient_source_id,
    doctor_id as practitioner_source_id,
    planning_id as appointment_source_id,
    local_ts(branch_id, bill_date) as performed_at,
    'done' as state,
    coalesce(nullif(trim(code), ''), 'FM_SERV-' || fm_serv_id) as service_code,
    label as service_name,
    case
        when by_site glob '[AB][0-9][0-9].[0-9]*' then by_site
        when by_code_an glob '[AB][0-9][0-9].[0-9]*' then by_code_an
        when by_code glob '[AB][0-9][0-9].[0-9]*' then by_code
    end as nomenclature,
    case when instr(',' || site('goods_serv_types') || ',', ',' || trim(serv_type) || ',') > 0 then 'goods' end as category,
    decimal(cnt) as quantity,
    teeth(tooth) as teeth,
    case when coalesce(parts_left_out, 0) = 0 then money(list_sum) end as list_total,
    case when coalesce(parts_left_out, 0) = 0 and cast(list_sum as numeric) > 0 and cast(minus(list_sum, owed_sum) as numeric) >= 0
        then money(minus(list_sum, owed_sum)) end as discount,
    money(case
        when site('devise') <> '' and fm_devise_id || '' <> site('devise') then 'currency ' || fm_devise_id
        when odd_state_is <> 'counts' then 'invoice state ' || odd_state
        else owed_sum
    end) as total,
    case
        when payers > 1 then null
        when cast(by_policy as numeric) <> 0 then policy_payer
        when cast(by_other as numeric) <> 0 then other_payer
        when by_percent and org1_perc is null then null
        else 'patient'
    end as payer,
    case when payers = 1 and cast(by_policy as numeric) <> 0 then limit_id end as limit_source_id,
    case when payers > 1 then shares(
        'patient', null, case when cast(by_patient as numeric) <> 0 then money(by_patient) end,
        policy_payer, limit_id, case when cast(by_policy as numeric) <> 0 then money(by_policy) end,
        other_payer, null, case when cast(by_other as numeric) <> 0 then money(by_other) end) end as shares,
    case when item_first = item_last then item_first end as plan_item_source_id,
    local_ts(branch_id, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case
        when cancel = 1 then 'line cancelled'
        when coalesce(done, 0) = 0 then 'not performed yet (DONE)'
        when blocked = 1 then 'blocked: not billable'
        when free_pay = 1 and site('free_pay') = 'left_out' then 'not billable (FREE_PAY; site: free_pay)'
        when instr(',' || site('advance_serv_types') || ',', ',' || trim(serv_type) || ',') > 0 then 'an advance, no service'
        when patients_id is null then 'line without a patient'
    end as skip_reason
from counted
