-- fill me in
select id as source_id,
    patient_id as patient_source_id,
    doctor_id as practitioner_source_id,
    local_ts(null, visit_date, start_min) as starts_at,
    local_ts(null, visit_date, end_min) as ends_at,
    code('appointment_status', state) as status,
    local_ts(null, changed_at) as source_modified_at,
    case when patient_id is null then 'blocked time, no visit' end as skip_reason
from rows
