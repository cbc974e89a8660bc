-- A booking is all that МедФлекс tells: what came of the visit stands in the clinic's own system.
select claim_id as source_id, claim_id as patient_source_id, doctor_id as practitioner_source_id, lpu_id as branch_source_id,
    local_ts(lpu_id, dt_start) as starts_at,
    local_ts(lpu_id, dt_end) as ends_at,
    code('claim_status', claim_status) as status,
    1 as online,
    comment
from rows
