-- Whole blocks of free time, whatever a visit will last.
with a as (select *, coalesce(json_get(filial, 'id'), filial) as branch from rows)
select key as source_id, doctor as practitioner_source_id, branch as branch_source_id, local_ts(branch, starts) as starts_at, local_ts(branch, ends) as ends_at, 1 as free
from a
