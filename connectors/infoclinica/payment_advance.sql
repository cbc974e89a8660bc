-- CLAVANS: movements of the common advance. With TREATCODE a bill was paid from it: money that came in before, so a transfer.
select 'avans:' || id as source_id,
    pcode as patient_source_id,
    filial as branch_source_id,
    local_ts(filial, paydate) as paid_at,
    money(amountrub) as amount,
    case when treatcode > 0 then 'transfer' else code('avans_operation', typeoper) end as kind,
    case when nullif(trim(certific_num), '') is not null then 'certificate' when treatcode > 0 then 'account' end as method,
    'patient' as payer,
    local_ts(filial, modifydate) as source_modified_at,
    case
        when certificate is not null then 'gift certificate, no person'
        when pcode is null or pcode <= 0 then 'no person: a placeholder row'
        when accesslevel > 1 then 'hidden by the MIS (ACCESSLEVEL)'
        when amountrub is null or amountrub <= 0 then 'no sum'
        when twins > 0 then 'the same money stands in INCOM'
    end as skip_reason
from rows
