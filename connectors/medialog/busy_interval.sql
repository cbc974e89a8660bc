-- A planned interval of a typical day (lunch, reserve), on each day that follows it. Which of them may be booked their legend says: site open_legends.
-- With several weekly grids (SEMAINES) the row's GRID has to be the one of its week, counted in Mondays from START_FROM: the vendor's function subtracts the
-- other way round, so that three or four grids go backwards; site grid_rotation says which is true. The fetch gives days as numbers (0000-03-01 is 0).
with placed as (
    select *, case when doctor_id > 0 then doctor_id when instr(',' || site('doctor_owner_type') || ',', ',' || owner_type || ',') > 0 then owner_id end as practitioner from rows
), first as (
    select *, case when start_from is not null then 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d - 1 end as first_day
    from (
        select *, cast(substr(start_from, 1, 4) as integer) - (14 - cast(substr(start_from, 6, 2) as integer)) / 12 as y,
            (cast(substr(start_from, 6, 2) as integer) + 9) % 12 as m, cast(substr(start_from, 9, 2) as integer) as d
        from placed
    )
), counted as (
    select *,
        (day_number + 2) / 7 - (first_day + 2) / 7 as weeks,
        coalesce(semaines, 0) + 1 as grids
    from first
), turned as (
    select *, case when grids = 1 then 1 when site('grid_rotation') = 'forward' then (weeks % grids + grids) % grids + 1
        else (grids - (weeks % grids + grids) % grids) % grids + 1 end as grid_of_the_week
    from counted
)
select 'interval:' || interval_key as source_id,
    branch_id as branch_source_id,
    practitioner as practitioner_source_id,
    lieu as room,
    local_ts(branch_id, day_at, int_from / 100, int_from % 100) as starts_at,
    local_ts(branch_id, day_at, int_to / 100, int_to % 100) as ends_at,
    case
        when practitioner is null then 'schedule of a room or device'
        when archive = 1 then 'archived schedule'
        when grids > 1 and start_from is null then 'weekly grids without a first week (START_FROM)'
        when grid <> grid_of_the_week then 'grid of another week'
        when enabled = 0 then 'closed day'
        when instr(',' || site('open_legends') || ',', ',' || pl_leg_id || ',') > 0 then 'may be booked (site: open_legends)'
    end as skip_reason
from turned
