-- A cell of the timetable: a quarter of an hour of one chair. Neighbouring cells of one doctor become one free or busy time where slots are told (A3).
-- A visit or a reserve makes it busy, also outside working time. The day's last cell ends at 00:00 of the next.
with read as (
    select *, id_receptions is not null or id_timereserves is not null as busy from rows
)
select id as source_id,
    id_owncompanies as branch_source_id,
    id_staffs as practitioner_source_id,
    namearmchair as room,
    local_ts(id_owncompanies, dateofwork || ' ' || timestartvalue) as starts_at,
    case when timeendvalue glob '00:00:00*' then local_ts(id_owncompanies, dateofwork, 1440)
        else local_ts(id_owncompanies, dateofwork || ' ' || timeendvalue) end as ends_at,
    not busy as free,
    case
        when id_staffs is null then 'cell of nobody'
        when busy then null
        when isworkingtime = 0 then 'no working time'
        when chair_archive = 1 then 'the chair is out of use'
        when staff_archive = 1 then 'the doctor has left'
    end as skip_reason
from read
