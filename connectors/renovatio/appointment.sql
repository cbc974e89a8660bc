-- Where the service tells no end, the visit ends when it begins: its length is not known.
select id as source_id, nullif(patient_id, '0') as patient_source_id, nullif(doctor_id, '0') as practitioner_source_id, nullif(clinic_id, '0') as branch_source_id, room,
    local_ts(clinic_id, time_start) as starts_at, local_ts(clinic_id, coalesce(time_end, time_start)) as ends_at, code('status', status) as status, is_first as first_visit
from rows
