-- Only free times are told.
select key as source_id, doctor as practitioner_source_id, room, local_ts(null, starts) as starts_at, local_ts(null, ends) as ends_at, 1 as free from rows
