-- Ids of its own: the same visit may stand in today's list. The hub does not say how long it lasts.
select 'history-' || id as source_id, patient as patient_source_id, doctor as practitioner_source_id,
    local_ts(null, starts) as starts_at, plus_minutes(local_ts(null, starts), cast(site('visit_minutes') as integer)) as ends_at,
    'booked' as status, local_ts(null, created) as source_modified_at
from rows
