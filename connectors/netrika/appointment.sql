-- What is in today's list stands; the hub tells no other state of it.
select id as source_id, patient as patient_source_id, doctor as practitioner_source_id, room,
    local_ts(null, starts) as starts_at, local_ts(null, ends) as ends_at, 'booked' as status
from rows
