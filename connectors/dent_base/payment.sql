-- Money of an organization or an insurer is no patient's payment. Without an operation the sign tells which way the money went.
select payment_id as source_id, card_id as patient_source_id, local_ts(null, paid_at) as paid_at, money(amount) as amount,
    case when operation is not null then code('operation', fold(operation)) when amount < 0 then 'refund' else 'payment' end as kind,
    code('means', fold(means)) as method, 'patient' as payer, local_ts(null, changed_at) as source_modified_at,
    case when fold(payer_name) like site('barter_words') or fold(payer_name) like site('insurer_words') then 'paid by an organization'
        when card_id is null then 'paid by nobody who is known' end as skip_reason
from rows
