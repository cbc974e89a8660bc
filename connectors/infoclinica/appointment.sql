-- The MIS has no status of its own: it is read from who came, what started and what was billed. A row without patient is a reserve (stream busy).
-- Doctor -1 means "see DCODE1"; an hour of 24 is the end of the day.
with read as (
    select *,
        case when histid > 0 then case
            when instr(',' || site('barter_agreement_types') || ',', ',' || agrtype || ',') > 0 then 'barter'
            when instr(fold(coalesce(jname, '') || ' ' || coalesce(agname, '')), 'бартер') > 0 then 'barter'
            when instr(',' || site('gift_agreement_types') || ',', ',' || agrtype || ',') > 0 then 'gift'
            when instr(',' || site('corporate_agreement_types') || ',', ',' || agrtype || ',') > 0 then 'corporate'
            else 'insurance'
        end end as account,
        site('limit_amount') = 'amountrub' and policy_sum > 0 as has_limit
    from rows
)
select schedid as source_id,
    filial as branch_source_id,
    pcode as patient_source_id,
    case when dcode > 0 then dcode when dcode1 > 0 then dcode1 end as practitioner_source_id,
    chname as room,
    local_ts(filial, workdate, bhour, coalesce(bmin, 0)) as starts_at,
    local_ts(filial, workdate, fhour, case when fhour = 24 then 0 else coalesce(fmin, 0) end) as ends_at,
    case
        when treatcode > 0 or finishtreat is not null then 'completed'
        when starttreat is not null then 'in_progress'
        when clvisit = 1 then 'arrived'
        when instr(',' || site('confirmed_clcall') || ',', ',' || clcall || ',') > 0 then 'confirmed'
        else 'booked'
    end as status,
    case when status is not null then instr(',' || site('first_visit_status') || ',', ',' || status || ',') > 0 end as first_visit,
    case when onlinetype is not null then onlinetype = 1 end as online,
    case
        when account is not null and has_limit then 'limit'
        when account in ('barter', 'gift') then 'limit'
        when account = 'corporate' then 'organization'
        when account is not null then 'insurer'
        when instr(',' || site('cash_groups') || ',', ',' || kateg || ',') > 0 then 'patient'
    end as payer,
    case when account is not null and has_limit then histid end as limit_source_id,
    note as comment,
    local_ts(filial, coalesce(modifydate, createdate)) as source_modified_at,
    case
        when pcode is null then 'reserve, no visit'
        when pcode <= 0 then 'no person: a placeholder row'
        when emid <> 0 and site('brigade_records') = 'skip' then 'record of an operating team'
    end as skip_reason
from read
