-- Rows of the view that the clinic makes over its own tables (README, "Payments and policies").
select id as source_id,
    id_patients as patient_source_id,
    code('limit_kind', kind) as kind,
    payername as payer_name,
    policynumber as policy_number,
    money(granted) as granted,
    money(used) as used,
    iso_date(validfrom) as valid_from,
    iso_date(validto) as valid_to,
    local_ts(null, cancelledat) as cancelled_at,
    code('overrun_payer', overrunpayer) as overrun_payer,
    discountsallowed as discounts_allowed,
    approvalrequired as approval_required,
    local_ts(null, changedat) as source_modified_at,
    case when id_patients is null then 'policy of nobody' end as skip_reason
from rows
