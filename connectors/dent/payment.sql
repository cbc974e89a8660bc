-- Money of an organization or an insurer is no patient's payment. Without an operation the sign tells which way the money went.
select number as source_id, card as patient_source_id,
    local_ts(null, case when time is null then date else substr(date, 1, 10) || ' ' || time end) as paid_at,
    money(sum) as amount,
    case when operation is not null then code('operation', fold(operation)) when sum < 0 then 'refund' else 'payment' end as kind,
    code('means', fold(means)) as method, 'patient' as payer, local_ts(null, changed) as source_modified_at,
    case when fold(payer) like site('barter_words') or fold(payer) like site('insurer_words') then 'paid by an organization'
        when card is null then 'paid by nobody who is known' end as skip_reason
from rows
