-- TOTAL is what is billed, LIST_TOTAL before discounts. A line with a policy goes to that policy; without, to the payer who is named: the barter partner's policy that is valid
-- that day, or an insurer. Any other name, and none, says nothing of the payer (it may be the patient's own).
select line_id as source_id, card_id as patient_source_id, doctor_id as practitioner_source_id, visit_id as appointment_source_id,
    local_ts(null, done_at) as performed_at, service_code, service_name, nomenclature, decimal(quantity) as quantity,
    case when teeth is not null then teeth(teeth) end as teeth, surfaces(surfaces) as surfaces,
    case when minus(list_total, total) not like '-%' then money(list_total) end as list_total,
    case when minus(list_total, total) not like '-%' then money(minus(list_total, total)) end as discount,
    money(total) as total,
    case when policy_id is not null or fold(payer_name) like site('barter_words') then 'limit' when fold(payer_name) like site('insurer_words') then 'insurer' end as payer,
    policy_id as limit_source_id, item_id as plan_item_source_id, local_ts(null, changed_at) as source_modified_at
from rows
