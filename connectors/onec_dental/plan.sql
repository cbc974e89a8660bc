-- The head alone: its lines are not known, and its sums have no place in a plan.
select id as source_id,
    nullif(patient, '00000000-0000-0000-0000-000000000000') as patient_source_id,
    coalesce(nullif(doctor, '00000000-0000-0000-0000-000000000000'), nullif(curator, '00000000-0000-0000-0000-000000000000')) as practitioner_source_id,
    nullif(branch, '00000000-0000-0000-0000-000000000000') as branch_source_id,
    iso_date(date) as created_on, number as title,
    case when site('plan_closed') <> '' then instr(',' || replace(fold(site('plan_closed')), ' ', '') || ',', ',' || replace(fold(status), ' ', '') || ',') = 0 end as active,
    case when deleted = 1 then 'marked for deletion in 1С' end as skip_reason
from rows
