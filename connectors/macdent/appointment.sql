select id as source_id, nullif(patient, '0') as patient_source_id, nullif(doctor, '0') as practitioner_source_id, cabinet as room,
    local_ts(null, starts) as starts_at, local_ts(null, ends) as ends_at, code('status', status) as status, is_first as first_visit, comment
from rows
