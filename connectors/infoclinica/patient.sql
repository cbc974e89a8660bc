-- Gift certificates are pseudo-patients (CLCERTIFICATEREF). GRTYPE is the clinic's own payment category: which of them mean "for money" it must say.
select pcode as source_id,
    coalesce(nullif(trim(lastname), ''), trim(fullname)) as last_name,
    firstname as first_name,
    midname as middle_name,
    iso_date(bdate) as birth_date,
    phones(phone1, phone2, phone3) as phones,
    clmail as email,
    case when instr(',' || site('white_groups') || ',', ',' || grtype || ',') > 0 then list('white') end as marks,
    local_ts(null, modifydate) as source_modified_at,
    case when certificate is not null then 'gift certificate, no person'
        when pcode <= 0 then 'no person: a placeholder row' end as skip_reason
from rows
