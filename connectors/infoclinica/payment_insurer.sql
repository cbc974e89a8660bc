-- JPPAYMENTS: of an organization's payments bound to a patient the ledger takes only refunds (OPERTYPE 5 and 8); the rest is between organizations.
select 'jp:' || pid as source_id,
    pcode as patient_source_id,
    filial as branch_source_id,
    local_ts(filial, pmdate) as paid_at,
    money(case when amountrub < 0 then ltrim(trim(amountrub), '-') else amountrub end) as amount,
    'refund' as kind,
    'insurer' as payer,
    local_ts(filial, modifydate) as source_modified_at,
    case
        when pcode is null or pcode <= 0 then 'no person: a placeholder row'
        when opertype is null or opertype not in (5, 8) then 'between organizations'
    end as skip_reason
from rows
