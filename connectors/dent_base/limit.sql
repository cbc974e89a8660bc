-- GRANTED is «Ограничение»; USED_SUM is «Использовано», compared with the gateway's own sum, never taken over.
with read as (select *, case when fold(payer_name) like site('barter_words') then 'barter' else 'insurance' end as account from rows)
select policy_id as source_id, card_id as patient_source_id, account as kind, payer_name, policy_number, money(granted) as granted, money(used_sum) as used,
    iso_date(valid_from) as valid_from, iso_date(valid_to) as valid_to, local_ts(null, cancelled_at) as cancelled_at,
    case when account = 'barter' then code('overrun_payer', site('barter_overrun')) end as overrun_payer
from read
