-- Of marks white and pink are known by the site's words; another one stays as it is written. The parts of a name where the base has them, else its description split at the spaces. A channel that is a key of a catalogue says nothing here.
select id as source_id,
    coalesce(last_name, substr(whole, 1, instr(whole || ' ', ' ') - 1)) as last_name,
    case when last_name is null then nullif(substr(rest, 1, instr(rest || ' ', ' ') - 1), '') else first_name end as first_name,
    case when last_name is null then nullif(trim(substr(rest, instr(rest || ' ', ' ') + 1)), '') else middle_name end as middle_name,
    iso_date(birth) as birth_date, phones(phone) as phones,
    case when channel not like '________-____-____-____-____________' then channel end as channel,
    case when mark is not null then list(
        case when fold(mark) like site('white_words') then 'white' end,
        case when fold(mark) like site('pink_words') then 'pink' end,
        case when fold(mark) not like site('white_words') and fold(mark) not like site('pink_words') then mark end) end as marks,
    case when deleted = 1 then 'marked for deletion in 1С' when folder = 1 then 'a folder' end as skip_reason
from (select split.*, trim(substr(whole, instr(whole || ' ', ' ') + 1)) as rest from (select rows.*, trim(name) as whole, case when site('mark_field') <> '' then nullif(json_get(item, site('mark_field')), '') end as mark from rows) as split)
