-- The operation says which way the money went; one that codes.csv knows as nothing (an insurer paid) is left out, an unknown one waits in quarantine.
with named as (select *, replace(fold(operation), ' ', '') as said, replace(fold(means), ' ', '') as way,
        nullif(patient, '00000000-0000-0000-0000-000000000000') as whose from rows)
select id as source_id, whose as patient_source_id,
    nullif(branch, '00000000-0000-0000-0000-000000000000') as branch_source_id,
    local_ts(null, date) as paid_at, money(sum) as amount, code('operation', said) as kind, code('means', way) as method, 'patient' as payer,
    case when active = 0 then 'the movement is switched off'
        when try(code('operation', said), '?') is null then 'no money of a patient, by its operation'
        when whose is null then 'paid by nobody who is known' end as skip_reason
from named
