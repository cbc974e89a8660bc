-- deleted: put away with a reason of the clinic's (talondeletereasons); both this and status 4 are a cancelled visit.
-- What a status means is told by its id, or by its name as the service gives it with each talon.
select id as source_id, patient_id as patient_source_id,
    case when doctor_id <> '0' then doctor_id end as practitioner_source_id, room,
    local_ts(null, date || ' ' || begintime) as starts_at,
    case when substr(endtime, 1, 5) in ('00:00', '24:00') then local_ts(null, date, 1440)
        else local_ts(null, date || ' ' || endtime) end as ends_at,
    case when deleted = 1 then 'cancelled' else try(code('status', status_id), code('status_name', fold(status))) end as status,
    info as comment,
    local_ts(null, update_datetime) as source_modified_at,
    case when coalesce(patient_id, '0') = '0' then 'time without a patient' end as skip_reason
from rows
