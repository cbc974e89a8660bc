-- Rows of the view that the clinic makes over its own tables (README, "Payments and policies"). Codes are its own, translated by its codes file.
-- An amount below zero is money given back.
select id as source_id,
    id_patients as patient_source_id,
    id_owncompanies as branch_source_id,
    local_ts(id_owncompanies, paidat) as paid_at,
    money(case when amount < 0 and code('payment_kind', kind) in ('payment', 'refund') then ltrim(trim(amount), '-') else amount end) as amount,
    case when amount < 0 and code('payment_kind', kind) = 'payment' then 'refund' else code('payment_kind', kind) end as kind,
    code('payment_method', method) as method,
    code('payer', payer) as payer,
    id_limits as limit_source_id,
    local_ts(id_owncompanies, changedat) as source_modified_at,
    case when id_patients is null then 'no patient: money of the clinic' end as skip_reason
from rows
