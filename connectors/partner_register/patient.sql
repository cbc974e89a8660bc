-- A card of the register is known by the number of its row; the clinic links it to the patient's card in the MIS (`mis-gateway patient link`).
-- One column with the whole name is split at its first and last space: a surname of two words wants columns of its own.
select number as source_id,
    coalesce(last_name, substr(trim(full_name), 1, instr(trim(full_name) || ' ', ' ') - 1)) as last_name,
    coalesce(first_name, nullif(substr(rest, 1, instr(rest || ' ', ' ') - 1), '')) as first_name,
    coalesce(middle_name, nullif(trim(substr(rest, instr(rest || ' ', ' ') + 1)), '')) as middle_name,
    iso_date(birth_date) as birth_date,
    phones(phone) as phones
from (select rows.*, trim(substr(trim(full_name), instr(trim(full_name) || ' ', ' ') + 1)) as rest from rows)
