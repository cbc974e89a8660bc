-- PRENOM holds given name and patronymic together at some clinics.
select medecins_id as source_id,
    coalesce(nullif(trim(trim(coalesce(nom, '')) || ' ' || trim(coalesce(prenom, '')) || ' ' || trim(coalesce(patronyme, ''))), ''), 'врач ' || medecins_id) as name,
    coalesce(nullif(trim(spec_name), ''), nullif(trim(spec_label), ''), nullif(trim(spec_text), '')) as specialty,
    case when archive = 1 then 0 else 1 end as active,
    local_ts(null, coalesce(krn_modify_date, krn_create_date)) as source_modified_at
from rows
