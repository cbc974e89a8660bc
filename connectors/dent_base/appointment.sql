-- The remark is read as it is: what it says of a limit is worked out by the gateway.
select visit_id as source_id, card_id as patient_source_id, doctor_id as practitioner_source_id, room,
    local_ts(null, starts_at) as starts_at, local_ts(null, ends_at) as ends_at, code('status', fold(state)) as status, is_first as first_visit,
    case when policy_id is not null then 'limit' end as payer, policy_id as limit_source_id, remark as comment, local_ts(null, changed_at) as source_modified_at,
    case when card_id is null then 'time without a patient' end as skip_reason
from rows
