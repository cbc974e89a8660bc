-- LOSECREDIT: debts forgiven (PAYCODE > 0), or settled from another source (PAYCODE < 0).
select 'loss:' || lcid as source_id,
    pcode as patient_source_id,
    filial as branch_source_id,
    local_ts(filial, lcdate) as paid_at,
    money(amountrub) as amount,
    code('settlement', paycode) as kind,
    case when paycode < 0 then 'account' end as method,
    'patient' as payer,
    local_ts(filial, modifydate) as source_modified_at,
    case
        when certificate is not null then 'gift certificate, no person'
        when pcode is null or pcode <= 0 then 'no person: a placeholder row'
    end as skip_reason
from rows
