-- HEURE is HHMM (930 is 09:30). DUREE is minutes to some readers and HHMM to the vendor's own grid: DATE_START and DATE_END, where they are, need no reading.
-- A visit is in force while STATUS is 0 or empty; deleted ones and drafts are no visits. Without PATIENTS_ID but with a name it is a person not registered yet.
with read as (
    select *,
        case when site('duration') = 'hhmm' and duree % 100 < 60 then duree / 100 * 60 + duree % 100 else duree end as minutes,
        date_start is not null and date_end is not null as ready
    from rows
)
select planning_id as source_id,
    branch_id as branch_source_id,
    patients_id as patient_source_id,
    case when doctor_id > 0 then doctor_id when instr(',' || site('doctor_owner_type') || ',', ',' || owner_type || ',') > 0 then owner_id end as practitioner_source_id,
    lieu as room,
    case when ready then local_ts(branch_id, date_start) else local_ts(branch_id, date_cons, heure / 100, heure % 100) end as starts_at,
    case when ready then local_ts(branch_id, date_end) else plus_minutes(local_ts(branch_id, date_cons, heure / 100, heure % 100), minutes) end as ends_at,
    case
        when cancelled = 1 then 'cancelled'
        when lines_done > 0 then 'completed'
        when patient_arrivee = 1 or arrive_date is not null or visit_records > 0 then 'arrived'
        when not_accepted = 0 and site('confirmed') = 'accepted' then 'confirmed'
        else 'booked'
    end as status,
    case when site('first_visit_exams') <> '' and pl_exam_id is not null
        then instr(',' || site('first_visit_exams') || ',', ',' || pl_exam_id || ',') > 0 end as first_visit,
    case when site('online_users') <> '' and medecins_creator_id is not null
        then instr(',' || site('online_users') || ',', ',' || medecins_creator_id || ',') > 0 end as online,
    nullif(trim(coalesce(trim(motif), '') || ' ' || coalesce(trim(commentaire), '')), '') as comment,
    case when not ready and duree >= 100 and duree % 100 < 60
        then list('duration ' || duree || ' was read as ' || minutes || ' minutes (site: duration)') end as notes,
    local_ts(branch_id, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case
        when status = 1 then 'deleted in the MIS (STATUS)'
        when status <> 0 then 'not in force: a draft or a hold (STATUS ' || status || ')'
        when source_planning_id is not null then 'made from another visit (SOURCE_PLANNING_ID)'
        when patients_id is null and named = 0 then 'nobody is booked: a reserve or a free time'
    end as skip_reason
from read
