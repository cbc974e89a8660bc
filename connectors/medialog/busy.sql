-- Rows of PLANNING without a person (the fetch chooses them): reserves, unless the clinic makes its free times in advance as empty rows.
with read as (
    select *,
        case when site('duration') = 'hhmm' and duree % 100 < 60 then duree / 100 * 60 + duree % 100 else duree end as minutes,
        date_start is not null and date_end is not null as ready
    from rows
), placed as (
    select *, case when doctor_id > 0 then doctor_id when instr(',' || site('doctor_owner_type') || ',', ',' || owner_type || ',') > 0 then owner_id end as practitioner from read
)
select planning_id as source_id,
    branch_id as branch_source_id,
    practitioner as practitioner_source_id,
    lieu as room,
    case when ready then local_ts(branch_id, date_start) else local_ts(branch_id, date_cons, heure / 100, heure % 100) end as starts_at,
    case when ready then local_ts(branch_id, date_end) else plus_minutes(local_ts(branch_id, date_cons, heure / 100, heure % 100), minutes) end as ends_at,
    local_ts(branch_id, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case
        when named = 1 then 'a visit of somebody not registered yet'
        when site('empty_planning') = 'free' then 'free time made in advance (site: empty_planning)'
        when cancelled = 1 or status <> 0 then 'not in force'
        when source_planning_id is not null then 'made from another row (SOURCE_PLANNING_ID)'
        when practitioner is null then 'reserve of a room or device'
    end as skip_reason
from placed
