-- A row is a person's limit, under the number that the partner gave it.
select number as source_id,
    number as patient_source_id,
    code('limit_kind', site('kind')) as kind,
    coalesce(partner, nullif(site('partner'), '')) as payer_name,
    number as policy_number,
    money(granted) as granted,
    money(used) as used,
    iso_date(valid_from) as valid_from,
    iso_date(valid_to) as valid_to,
    local_ts(null, cancelled_on) as cancelled_at,
    code('overrun_payer', site('overrun_payer')) as overrun_payer
from rows
