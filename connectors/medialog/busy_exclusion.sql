-- PL_EXCL: leave, illness. One row per day: with USE_TIME the hours are those of each day, without them it is the whole day.
with placed as (
    select *, case when doctor_id > 0 then doctor_id when instr(',' || site('doctor_owner_type') || ',', ',' || owner_type || ',') > 0 then owner_id end as practitioner from rows
)
select 'exclusion:' || exclusion_key as source_id,
    branch_id as branch_source_id,
    practitioner as practitioner_source_id,
    lieu as room,
    case when use_time = 1 then local_ts(branch_id, day_at, coalesce(from_time, 0) / 100, coalesce(from_time, 0) % 100) else local_ts(branch_id, day_at, 0) end as starts_at,
    case when use_time = 1 then local_ts(branch_id, day_at, coalesce(to_time, 2400) / 100, coalesce(to_time, 2400) % 100) else local_ts(branch_id, day_at, 1440) end as ends_at,
    local_ts(branch_id, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case
        when code('exclusion_owner', exclusion_owner) = 'skip' then 'exclusion of another kind of owner'
        when code('exclusion_owner', exclusion_owner) = 'schedule' and practitioner is null then 'schedule of a room or device'
    end as skip_reason
from placed
