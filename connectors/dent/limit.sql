-- «Ограничение» is what the policy grants, «Использовано» what the program counts as used: compared with the gateway's own sum, never taken over.
with read as (select *, case when fold(payer) like site('barter_words') then 'barter' else 'insurance' end as account from rows)
select policy as source_id, card as patient_source_id, account as kind, payer as payer_name, policy as policy_number,
    money(granted) as granted, money(used) as used, iso_date(valid_from) as valid_from, iso_date(valid_to) as valid_to, local_ts(null, cancelled) as cancelled_at,
    case when account = 'barter' then code('overrun_payer', site('barter_overrun')) end as overrun_payer
from read
