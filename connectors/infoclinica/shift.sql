select schedident as source_id,
    filial as branch_source_id,
    dcode as practitioner_source_id,
    chname as room,
    local_ts(filial, wdate, beghour, coalesce(begmin, 0)) as starts_at,
    local_ts(filial, wdate, endhour, case when endhour = 24 then 0 else coalesce(endmin, 0) end) as ends_at,
    shinterv as step_min,
    case
        when dcode is null or dcode <= 0 then 'working time of nobody'
        when shinterv is null or shinterv <= 0 then 'no grid: not bookable'
        when locked = 1 then 'the doctor has left'
        when viewinsched is not null and viewinsched not in (1, 10) then 'not shown in the schedule'
    end as skip_reason
from rows
