-- The day and the clock may stand apart or together; the end is a clock, or so many minutes later. The comment is read as it is: what it says of a limit is worked out by the gateway.
with timed as (select *, case when start is null then date else substr(date, 1, 10) || ' ' || start end as begins from rows)
select visit as source_id, card as patient_source_id, doctor as practitioner_source_id, room,
    local_ts(null, begins) as starts_at,
    case when "end" is not null and substr("end", 1, 5) in ('00:00', '24:00') then local_ts(null, substr(date, 1, 10), 1440)
        when "end" is not null then local_ts(null, substr(date, 1, 10) || ' ' || "end")
        when coalesce(minutes, nullif(site('visit_minutes'), '')) is not null then plus_minutes(local_ts(null, begins), coalesce(minutes, site('visit_minutes'))) end as ends_at,
    code('status', fold(status)) as status, first as first_visit,
    case when policy is not null then 'limit' end as payer, policy as limit_source_id,
    comment, local_ts(null, changed) as source_modified_at,
    case when card is null then 'time without a patient' end as skip_reason
from timed
