-- Someone marked for deletion stays known, for visits name him; service accounts are nobody.
select id as source_id, name, case when deleted = 1 then 0 else 1 end as active,
    case when service_account = 1 then 'a service account'
        when site('staff_roles') <> '' and instr(',' || replace(fold(site('staff_roles')), ' ', '') || ',', ',' || coalesce(replace(fold(role), ' ', ''), '') || ',') = 0
        then 'treats nobody, by the role' end as skip_reason
from rows
