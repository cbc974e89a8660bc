-- FM_ACCOUNT_TRAN: movements of personal accounts. Money comes in as A (onto the account) or X (an advance) and goes out as B; what is paid from an account or an
-- advance (P, Y, J …) came in before: a transfer. METAFIELD keeps the letters' texts (LookupKeys, LookupValues): a text that codes.csv knows says what its letter
-- means here, else the letter does.
with read as (
    select *,
        trim(tran_type) as letter,
        substr(lookup, instr(lookup, 'LookupKeys=') + 11) || char(10) as keys_on,
        case when instr(lookup, 'LookupKeys=') > 0 and instr(lookup, 'LookupValues') > 0
            then substr(lookup, instr(lookup, 'LookupValues') + 12) || char(10) end as values_on,
        fold(coalesce(mode_label, '') || ' ' || coalesce(mode_code, '')) as mode
    from rows
), listed as (
    select *,
        trim(replace(replace(substr(keys_on, 1, instr(keys_on, char(10)) - 1), char(13), ''), '"', '')) as keys,
        trim(replace(replace(substr(substr(values_on, 1, instr(values_on, char(10)) - 1), instr(values_on, '=') + 1), char(13), ''), '"', '')) as texts
    from read
), named as (
    select *,
        case when length(letter) = 1 and instr(',' || keys || ',', ',' || letter || ',') > 0
                and length(keys) - length(replace(keys, ',', '')) = length(texts) - length(replace(texts, ',', ''))
            then json_get('["' || replace(texts, ',', '","') || '"]', '[' || ((instr(',' || keys || ',', ',' || letter || ',') - 1) / 2) || ']') end as text
    from listed
), meant as (
    select *,
        case when text is null then code('tran_type', letter)
            else try(code('tran_text', fold(text)), code('tran_type', letter), code('tran_type', letter || ': ' || text)) end as operation
    from named
), moved as (
    select *,
        case
            when operation = 'prepayment' and fm_main_tran_id is not null then 'transfer'
            when operation in ('payment', 'prepayment') and fm_tran_credit_id is not null then 'transfer'
            when operation in ('payment', 'prepayment') and tran_sum < 0 then 'refund'
            else operation
        end as movement
    from meant
)
select fm_account_tran_id as source_id,
    patients_id as patient_source_id,
    local_ts(null, tran_date) as paid_at,
    money(ltrim(trim(tran_sum), '-')) as amount,
    movement as kind,
    case
        when movement = 'transfer' then 'account'
        when instr(',' || site('card_paymodes') || ',', ',' || fm_paymode_id || ',') > 0 then 'card'
        when instr(',' || site('cash_paymodes') || ',', ',' || fm_paymode_id || ',') > 0 then 'cash'
        when mode like '%сертификат%' then 'certificate'
        when mode like '%безнал%' or mode like '%перевод%' or mode like '%банк%' and mode not like '%карт%' then 'transfer'
        when mode like '%терминал%' or mode like '%карт%' or mode like '%эквайр%' then 'card'
        when mode like '%нал%' then 'cash'
        when fm_paymode_id is not null then 'other'
        when cash = 1 then 'cash'
    end as method,
    'patient' as payer,
    local_ts(null, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case
        when movement = 'skip' then 'no money moves'
        when patients_id is null then 'account of an organization'
        when tran_sum is null or tran_sum = 0 then 'no sum'
    end as skip_reason
from moved
