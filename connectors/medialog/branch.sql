-- Own branches are the organizations that schedules belong to (the fetch chooses them).
select fm_org_id as source_id,
    coalesce(nullif(trim(label), ''), nullif(trim(short_label), ''), 'Филиал ' || fm_org_id) as name,
    orgn as legal_entity
from rows
