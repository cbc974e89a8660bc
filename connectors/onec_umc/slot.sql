select id as source_id, doctor as practitioner_source_id, coalesce(own_clinic, clinic) as branch_source_id,
    local_ts(null, start) as starts_at, local_ts(null, "end") as ends_at, 1 as free
from rows
