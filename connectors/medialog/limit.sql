-- FM_CLINK_PATIENTS: a patient attached to a payer's programme. No public table states a sum: it is read where the site names its column.
with read as (
    select *,
        case when limit_sum > 0 then limit_sum else program_limit end as granted_sum,
        fold(coalesce(org_label, '') || ' ' || coalesce(contract_code, '') || ' ' || coalesce(program_code, '')) as words
    from rows
)
select fm_clink_patients_id as source_id,
    patients_id as patient_source_id,
    case
        when instr(',' || site('barter_orgs') || ',', ',' || org_id || ',') > 0 or words like site('barter_words') then 'barter'
        when instr(',' || site('gift_orgs') || ',', ',' || org_id || ',') > 0 then 'gift'
        when instr(',' || site('clinic_orgs') || ',', ',' || org_id || ',') > 0 then 'gift'
        when instr(',' || site('corporate_orgs') || ',', ',' || org_id || ',') > 0 then 'corporate'
        else 'insurance'
    end as kind,
    coalesce(nullif(trim(org_label), ''), trim(program_code)) as payer_name,
    police as policy_number,
    money(granted_sum) as granted,
    iso_date(date_from) as valid_from,
    coalesce(iso_date(date_to), iso_date(contract_to)) as valid_to,
    case
        when date_cancel is not null then local_ts(null, date_cancel)
        when cancel = 1 then local_ts(null, coalesce(krn_modify_date, krn_create_date))
    end as cancelled_at,
    local_ts(null, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case
        when patients_id is null then 'a programme without a patient'
        when instr(',' || site('discount_programs') || ',', ',' || fm_clink_id || ',') > 0 then 'a discount, no account'
        when org_patient is not null then 'contract with a person who pays himself'
        when granted_sum is null or cast(granted_sum as numeric) <= 0 then 'attachment without a sum (site: limit_column, program_limit_column)'
    end as skip_reason
from read
