-- As slot: only free times are given.
select 'flat-' || key as source_id, doctor_id as practitioner_source_id, lpu_id as branch_source_id,
    local_ts(lpu_id, dt_start) as starts_at, local_ts(lpu_id, dt_end) as ends_at, 1 as free
from rows
