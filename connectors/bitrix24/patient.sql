-- Telephones and addresses lie in `fm`, one entry each with its typeId; the first eight are read. A birthday is midnight somewhere: its day is what is written.
with a as (select id, last_name, first_name, middle_name, birth, type, updated, json_get(fm, '[0].typeId') as t0, json_get(fm, '[0].value') as v0,
    json_get(fm, '[1].typeId') as t1, json_get(fm, '[1].value') as v1, json_get(fm, '[2].typeId') as t2, json_get(fm, '[2].value') as v2,
    json_get(fm, '[3].typeId') as t3, json_get(fm, '[3].value') as v3, json_get(fm, '[4].typeId') as t4, json_get(fm, '[4].value') as v4,
    json_get(fm, '[5].typeId') as t5, json_get(fm, '[5].value') as v5, json_get(fm, '[6].typeId') as t6, json_get(fm, '[6].value') as v6,
    json_get(fm, '[7].typeId') as t7, json_get(fm, '[7].value') as v7 from rows)
select id as source_id, last_name, first_name, middle_name, iso_date(substr(birth, 1, 10)) as birth_date,
    phones(case when t0 = 'PHONE' then v0 end, case when t1 = 'PHONE' then v1 end, case when t2 = 'PHONE' then v2 end, case when t3 = 'PHONE' then v3 end,
        case when t4 = 'PHONE' then v4 end, case when t5 = 'PHONE' then v5 end, case when t6 = 'PHONE' then v6 end, case when t7 = 'PHONE' then v7 end) as phones,
    coalesce(case when t0 = 'EMAIL' then v0 end, case when t1 = 'EMAIL' then v1 end, case when t2 = 'EMAIL' then v2 end, case when t3 = 'EMAIL' then v3 end,
        case when t4 = 'EMAIL' then v4 end, case when t5 = 'EMAIL' then v5 end, case when t6 = 'EMAIL' then v6 end, case when t7 = 'EMAIL' then v7 end) as email,
    local_ts(null, updated) as source_modified_at,
    case when site('contact_type') <> '' and coalesce(type, '') <> site('contact_type') then 'a contact of another type' end as skip_reason
from a
