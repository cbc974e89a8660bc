-- An item is one person's limit; `item` is the whole of it, for its fields are named by the site. A sum of a money field carries its currency: 15000|RUB.
-- Stages are the portal's own: only the site says which of them grant, which are drafts and which cancelled; another one is an unknown code. Items of a type without stages grant.
-- What is no limit (of another pipeline, or not granted yet) is left out whatever its fields hold.
with p as (select *, case when site('category') <> '' and coalesce(category, '') <> site('category') then 'of another pipeline' end as elsewhere from rows),
s as (select *, case when elsewhere is null then code('limit_stage', case when coalesce(stage, '') = '' or instr(',' || replace(site('granted_stages'), ' ', '') || ',', ',' || stage || ',') > 0 then 'granted'
        when instr(',' || replace(site('draft_stages'), ' ', '') || ',', ',' || stage || ',') > 0 then 'draft'
        when instr(',' || replace(site('cancelled_stages'), ' ', '') || ',', ',' || stage || ',') > 0 then 'cancelled' else stage end) end as state from p),
d as (select id, moved, updated, state, case when elsewhere is not null then elsewhere when state = 'draft' then 'not granted yet' end as skip, item from s),
a as (select *, json_get(shown, site('sum_field')) as amount, nullif(json_get(shown, site('currency_field')), '') as currency,
    nullif(json_get(shown, site('patient_field')), '0') as patient,
    case when site('used_field') not in ('', 'id') then json_get(shown, site('used_field')) end as taken,
    case when site('policy_field') not in ('', 'id') then json_get(shown, site('policy_field')) end as policy,
    case when site('partner_field') not in ('', 'id') then json_get(shown, site('partner_field')) end as payer,
    case when site('from_field') not in ('', 'id') then json_get(shown, site('from_field')) end as starts,
    case when site('to_field') not in ('', 'id') then json_get(shown, site('to_field')) end as ends
    from (select *, case when skip is null then item end as shown from d)),
b as (select *, case when instr(amount, '|') > 0 then money(substr(amount, 1, instr(amount, '|') - 1), substr(amount, instr(amount, '|') + 1))
        when site('currency_field') not in ('', 'id') and currency is not null then money(amount, currency) else money(amount) end as granted,
    case when instr(taken, '|') > 0 then money(substr(taken, 1, instr(taken, '|') - 1), substr(taken, instr(taken, '|') + 1))
        when site('currency_field') not in ('', 'id') and currency is not null then money(taken, currency) else money(taken) end as used from a)
select id as source_id, patient as patient_source_id, code('limit_kind', site('kind')) as kind,
    coalesce(nullif(payer, ''), nullif(site('partner'), '')) as payer_name, nullif(policy, '') as policy_number, granted, used,
    iso_date(substr(starts, 1, 10)) as valid_from, iso_date(substr(ends, 1, 10)) as valid_to,
    case when state = 'cancelled' then local_ts(null, coalesce(moved, updated)) end as cancelled_at,
    code('overrun_payer', site('overrun_payer')) as overrun_payer, local_ts(null, updated) as source_modified_at,
    skip as skip_reason
from b
