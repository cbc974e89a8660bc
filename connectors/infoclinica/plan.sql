select did as source_id,
    pcode as patient_source_id,
    case when dcode > 0 then dcode end as practitioner_source_id,
    iso_date(pdate) as created_on,
    case when nullif(trim(schnum), '') is not null then 'План № ' || trim(schnum) end as title,
    case when pcode is null or pcode <= 0 then 'no person: a placeholder row' end as skip_reason
from rows
