-- Deleting is soft: such a visit stays in the list, marked. A cancelled one has attendance -1.
select id as source_id, client as patient_source_id, case when resource <> '0' then resource end as practitioner_source_id,
    local_ts(null, starts) as starts_at, plus_minutes(local_ts(null, starts), site('visit_minutes')) as ends_at,
    case when deleted is not 1 then code('attendance', attendance) end as status, online, comment, local_ts(null, updated) as source_modified_at,
    case when deleted = 1 then 'deleted' end as skip_reason
from rows
