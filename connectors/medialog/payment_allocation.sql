-- FM_PAYMENTS of organizations' accounts (the fetch chooses them): what an insurer, a partner or an organization that stands for a person paid for a patient's line.
-- TAXE_AMOUNT is no part of the line's price. How it was paid the movement that brought the money says.
with read as (
    select *,
        minus(tran_amount, coalesce(taxe_amount, '0')) as paid,
        code('allocation', trim(tran_type)) as operation,
        (limit_sum > 0 or program_limit > 0) and fm_clink_patients_id is not null and contract_org = org_id and org_patient is null as has_limit,
        fold(coalesce(org_label, '') || case when contract_org = org_id then ' ' || coalesce(contract_code, '') || ' ' || coalesce(program_code, '') else '' end) as words,
        fold(coalesce(mode_label, '') || ' ' || coalesce(mode_code, '')) as mode
    from rows
)
select 'part:' || fm_payments_id as source_id,
    patients_id as patient_source_id,
    local_ts(null, tran_date) as paid_at,
    money(ltrim(paid, '-')) as amount,
    case when operation = 'payment' and cast(paid as numeric) < 0 then 'refund' else operation end as kind,
    case
        when instr(',' || site('card_paymodes') || ',', ',' || fm_paymode_id || ',') > 0 then 'card'
        when instr(',' || site('cash_paymodes') || ',', ',' || fm_paymode_id || ',') > 0 then 'cash'
        when mode like '%сертификат%' then 'certificate'
        when mode like '%безнал%' or mode like '%перевод%' or mode like '%банк%' and mode not like '%карт%' then 'transfer'
        when mode like '%терминал%' or mode like '%карт%' or mode like '%эквайр%' then 'card'
        when mode like '%нал%' then 'cash'
        when fm_paymode_id is not null then 'other'
    end as method,
    case
        when org_patient is not null then 'patient'
        when has_limit then 'limit'
        when instr(',' || site('barter_orgs') || ',', ',' || org_id || ',') > 0 or words like site('barter_words') then 'limit'
        when instr(',' || site('gift_orgs') || ',', ',' || org_id || ',') > 0 then 'limit'
        when instr(',' || site('clinic_orgs') || ',', ',' || org_id || ',') > 0 then 'clinic'
        when instr(',' || site('corporate_orgs') || ',', ',' || org_id || ',') > 0 then 'organization'
        else 'insurer'
    end as payer,
    case when has_limit then fm_clink_patients_id end as limit_source_id,
    local_ts(null, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case
        when patients_id is null then 'line without a patient'
        when paid is null or cast(paid as numeric) = 0 then 'no sum'
    end as skip_reason
from read
