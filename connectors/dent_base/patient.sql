-- Of marks white and pink are known by the site's words; another one stays as it is written.
select card_id as source_id, last_name, first_name, middle_name, iso_date(birth_date) as birth_date, phones(phone, phone2) as phones, email,
    case when mark is not null then list(
        case when fold(mark) like site('white_words') then 'white' end,
        case when fold(mark) like site('pink_words') then 'pink' end,
        case when fold(mark) not like site('white_words') and fold(mark) not like site('pink_words') then mark end) end as marks,
    channel, local_ts(null, changed_at) as source_modified_at
from rows
