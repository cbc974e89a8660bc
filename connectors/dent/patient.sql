-- One column with the whole name is split at its first and last space. Of marks white and pink are known by the site's words; another one stays as it is written.
select card as source_id,
    coalesce(last_name, substr(trim(full_name), 1, instr(trim(full_name) || ' ', ' ') - 1)) as last_name,
    case when last_name is null then nullif(substr(rest, 1, instr(rest || ' ', ' ') - 1), '') else first_name end as first_name,
    case when last_name is null then nullif(trim(substr(rest, instr(rest || ' ', ' ') + 1)), '') else middle_name end as middle_name,
    iso_date(birth_date) as birth_date, phones(phone, phone2) as phones, email,
    case when mark is not null then list(
        case when fold(mark) like site('white_words') then 'white' end,
        case when fold(mark) like site('pink_words') then 'pink' end,
        case when fold(mark) not like site('white_words') and fold(mark) not like site('pink_words') then mark end) end as marks,
    channel, local_ts(null, changed) as source_modified_at
from (select rows.*, trim(substr(trim(full_name), instr(trim(full_name) || ' ', ' ') + 1)) as rest from rows)
