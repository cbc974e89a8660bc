-- A schedule's working time on one day: the typical day that its rules choose. Times are HHMM.
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
select shift_key as source_id,
    branch_id as branch_source_id,
    practitioner as practitioner_source_id,
    lieu as room,
    local_ts(branch_id, day_at, start_time / 100, start_time % 100) as starts_at,
    local_ts(branch_id, day_at, end_time / 100, end_time % 100) as ends_at,
    case when duree_tranche > 0 then
        case when site('duration') = 'hhmm' and duree_tranche % 100 < 60 then duree_tranche / 100 * 60 + duree_tranche % 100 else duree_tranche end
    end as step_min,
    case
        when practitioner is null then 'schedule of a room or device'
        when archive = 1 then 'archived schedule'
        when grids > 1 and start_from is null then 'weekly grids without a first week (START_FROM)'
        when grid <> grid_of_the_week then 'grid of another week'
        when enabled = 0 then 'closed day'
        when forbid_after_date is not null and day_at > substr(forbid_after_date, 1, 10) then 'after the last day that may be booked'
        when start_time >= end_time then 'day without working time'
    end as skip_reason
from turned
