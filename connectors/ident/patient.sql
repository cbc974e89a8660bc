-- Birthday is a text; without any digit it is an empty form («  .  .    »). Several patients may have one phone: nobody is merged by it.
select id_persons as source_id,
    surname as last_name,
    name as first_name,
    patronymic as middle_name,
    case when birthday glob '*[0-9]*' then iso_date(birthday) end as birth_date,
    phones(mobilephone, phone) as phones,
    email,
    channel,
    case when instr(',' || site('white_marks') || ',', ',' || mark || ',') > 0 then list('white') end as marks,
    nullif(nullif(merged_into, 0), id_persons) as merged_into,
    local_ts(null, datetimechanged) as source_modified_at
from rows
