-- A day that nobody can be booked on is a shift only where its reason says that he works: the words are the hub's own (site: still_working).
select key as source_id, doctor as practitioner_source_id, local_ts(null, starts) as starts_at, local_ts(null, ends) as ends_at,
    case when recordable = 0 and not coalesce(fold(deny) like nullif(site('still_working'), ''), 0) then 'nobody can be booked that day' end as skip_reason
from rows
