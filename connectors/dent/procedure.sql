-- A line with a policy goes to that policy; without, to the payer who is named: the barter partner's policy that is valid that day, or an insurer. Any other name, and none, says
-- nothing of the payer (it may be the patient's own). A sum beside a discount has it in or not: where the figures do not tell and the site neither, the line waits.
with named as (select *, fold(payer) as who, case when time is null then date else substr(date, 1, 10) || ' ' || time end as done, coalesce(quantity, '1') as pieces from rows),
    listed as (select *, times(price, pieces) as list from named),
    charged as (select *, case when discount is null or decimal(discount) = '0' or site('discount_in_sum') = 'yes' then total
        when site('discount_in_sum') = 'no' then minus(total, discount)
        when decimal(minus(list, discount)) = decimal(total) then total
        else code('discount_in_sum', 'not said') end as net from listed)
select line as source_id, card as patient_source_id, doctor as practitioner_source_id, visit as appointment_source_id,
    local_ts(null, done) as performed_at, code as service_code, name as service_name, nomenclature,
    decimal(pieces) as quantity, case when tooth is not null then teeth(tooth) end as teeth, surfaces(surface) as surfaces,
    case when minus(list, net) not like '-%' then money(list) end as list_total,
    case when minus(list, net) not like '-%' then money(minus(list, net)) when list is null then money(discount) end as discount,
    money(net) as total,
    case when policy is not null or who like site('barter_words') then 'limit' when who like site('insurer_words') then 'insurer' end as payer,
    policy as limit_source_id,
    local_ts(null, changed) as source_modified_at
from charged
