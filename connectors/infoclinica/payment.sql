-- INCOM: what patients paid in, and what was paid back. Its advances (PAYCODE 2) have a twin in CLAVANS, which stream payment_advance leaves out.
-- Cash or card is known by the till only: the site's lists of MONEYCASHID, else the till's name.
with read as (
    select *, code('paycode', paycode) as operation, fold(moneycashname) as till from rows
)
select paynum as source_id,
    pcode as patient_source_id,
    filial as branch_source_id,
    local_ts(filial, paydate) as paid_at,
    money(case when operation = 'refund' or amountrub < 0 then ltrim(trim(amountrub), '-') else amountrub end) as amount,
    case when amountrub < 0 then 'refund' else operation end as kind,
    case
        when instr(',' || site('card_tills') || ',', ',' || moneycashid || ',') > 0 then 'card'
        when instr(',' || site('cash_tills') || ',', ',' || moneycashid || ',') > 0 then 'cash'
        when till like '%терминал%' or till like '%карт%' or till like '%эквайр%' then 'card'
        when till like '%безнал%' or till like '%банк%' then 'transfer'
        when till like '%касса%' or till like '%налич%' then 'cash'
        when till is not null then 'other'
    end as method,
    'patient' as payer,
    local_ts(filial, modifydate) as source_modified_at,
    case
        when certificate is not null then 'gift certificate, no person'
        when pcode is null or pcode <= 0 then 'no person: a placeholder row'
        when accesslevel > 1 then 'hidden by the MIS (ACCESSLEVEL)'
        when operation = 'skip' then 'till operation, no payment'
    end as skip_reason
from read
