-- Statuses are the clinic's own: the site says what they mean. Whatever its status, a visit that is marked as cancelled is; one without a status is booked.
-- The chair's name is not public, only its id.
select id as source_id, patient_id as patient_source_id, doctor_id as practitioner_source_id, chair_id as room, branch_id as branch_source_id,
    local_ts(branch_id, starts) as starts_at, local_ts(branch_id, ends) as ends_at,
    case when deleted = 1 then null when is_cancelled = 1 then 'cancelled' when status_id is null then 'booked' else code('status', case
        when instr(',' || replace(site('booked_statuses'), ' ', '') || ',', ',' || status_id || ',') > 0 then 'booked'
        when instr(',' || replace(site('confirmed_statuses'), ' ', '') || ',', ',' || status_id || ',') > 0 then 'confirmed'
        when instr(',' || replace(site('arrived_statuses'), ' ', '') || ',', ',' || status_id || ',') > 0 then 'arrived'
        when instr(',' || replace(site('in_progress_statuses'), ' ', '') || ',', ',' || status_id || ',') > 0 then 'in_progress'
        when instr(',' || replace(site('completed_statuses'), ' ', '') || ',', ',' || status_id || ',') > 0 then 'completed'
        when instr(',' || replace(site('no_show_statuses'), ' ', '') || ',', ',' || status_id || ',') > 0 then 'no_show'
        when instr(',' || replace(site('cancelled_statuses'), ' ', '') || ',', ',' || status_id || ',') > 0 then 'cancelled'
        else status_id end) end as status,
    description as comment, local_ts(branch_id, updated) as source_modified_at,
    case when deleted = 1 then 'deleted' end as skip_reason
from rows
