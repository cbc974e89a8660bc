-- The phone of a contact person (TELEFON_KONTAKTNOGO_LICA) is somebody else's: it is not read.
select patients_id as source_id,
    nom as last_name,
    prenom as first_name,
    patronyme as middle_name,
    iso_date(ne_le) as birth_date,
    phones(phone, mobil_telefon, mobil_nyy, tel, rab_tel) as phones,
    coalesce(nullif(trim(e_mail), ''), email) as email,
    channel,
    case when instr(',' || site('white_groups') || ',', ',' || pl_patgr_id || ',') > 0 then list('white') end as marks,
    local_ts(null, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case when patients_id <= 0 then 'no person: a placeholder row' end as skip_reason
from rows
