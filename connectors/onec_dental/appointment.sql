-- A visit that did not take place or was cancelled is that, whatever else the event says; else a visit that hangs on it has happened; else the status tells.
with named as (select *, replace(fold(status), ' ', '') as said,
        nullif(visit, '00000000-0000-0000-0000-000000000000') as happened,
        nullif(patient, '00000000-0000-0000-0000-000000000000') as whose from rows)
select id as source_id, whose as patient_source_id,
    nullif(doctor, '00000000-0000-0000-0000-000000000000') as practitioner_source_id,
    nullif(branch, '00000000-0000-0000-0000-000000000000') as branch_source_id,
    local_ts(null, date) as starts_at, local_ts(null, ends) as ends_at,
    case when happened is null then code('status', said)
        when try(code('status', said), null) in ('cancelled', 'no_show') then code('status', said)
        else 'completed' end as status,
    case when fold(patient_status) like '%первич%' then 1 when fold(patient_status) like '%повторн%' then 0 end as first_visit,
    case when site('online_sources') <> '' then instr(site('online_sources'), source) > 0 end as online,
    case when site('comment_field') <> '' then nullif(json_get(item, site('comment_field')), '') end as comment,
    case when deleted = 1 then 'marked for deletion in 1С'
        when whose is null then 'an event without a patient'
        when site('visit_types') <> '' and instr(',' || replace(fold(site('visit_types')), ' ', '') || ',', ',' || coalesce(replace(fold(type), ' ', ''), '') || ',') = 0
        then 'no visit, by its type' end as skip_reason
from named
