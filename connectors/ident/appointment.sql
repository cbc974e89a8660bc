-- There is no status: the first stamp that is not null tells it, a cancellation before all. Times are those of the timetable's cells, which a cancelled
-- visit has lost; then the plan's. A visit that does not end after its start takes one cell (site: visit_minutes).
with read as (
    select *,
        id_receptioncancelreasons is not null or receptioncanceled is not null as cancelled,
        case when cell_start is not null then local_ts(id_owncompanies, cell_day || ' ' || cell_start)
            else local_ts(id_owncompanies, planstart) end as begins,
        case
            when cell_end_min glob '00:00:00*' then local_ts(id_owncompanies, cell_day, 1440)
            when cell_start is not null then local_ts(id_owncompanies, cell_day || ' ' || cell_end_max)
            else local_ts(id_owncompanies, planend)
        end as finishes,
        (select stamp from (
            select datetimeadded as stamp union all select datetimechanged union all select patientappeared union all select receptionstarted
            union all select receptionended union all select checkissued union all select receptioncanceled
        ) order by stamp desc limit 1) as latest
    from rows
)
select id as source_id,
    id_owncompanies as branch_source_id,
    id_patients as patient_source_id,
    coalesce(id_staffs, cell_staff) as practitioner_source_id,
    namearmchair as room,
    begins as starts_at,
    case when cell_start is null and planend <= planstart then plus_minutes(begins, site('visit_minutes')) else finishes end as ends_at,
    case
        when cancelled and instr(',' || site('no_show_reasons') || ',', ',' || id_receptioncancelreasons || ',') > 0 then 'no_show'
        when cancelled then 'cancelled'
        when checkissued is not null or receptionended is not null then 'completed'
        when receptionstarted is not null then 'in_progress'
        when patientappeared is not null then 'arrived'
        else 'booked'
    end as status,
    case
        when instr(',' || site('no_show_reasons') || ',', ',' || id_receptioncancelreasons || ',') > 0 then null
        when instr(',' || site('patient_cancel_reasons') || ',', ',' || id_receptioncancelreasons || ',') > 0 then 'patient'
        when instr(',' || site('doctor_cancel_reasons') || ',', ',' || id_receptioncancelreasons || ',') > 0 then 'doctor'
        when instr(',' || site('clinic_cancel_reasons') || ',', ',' || id_receptioncancelreasons || ',') > 0 then 'clinic'
        when id_receptioncancelreasons is not null then 'other'
    end as cancel_reason,
    note as comment,
    local_ts(id_owncompanies, latest) as source_modified_at,
    case when id_patients is null then 'no patient: reserved time' end as skip_reason
from read
