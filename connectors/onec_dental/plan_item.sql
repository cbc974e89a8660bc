-- The part and its fields are the site's to name; a plan that came without its part is an issue, not one without lines.
with line as (select rows.*, each.value as line, json_get(each.value, 'LineNumber') as number from rows
        join json_each(case when json_get(rows.item, site('plan_part')) is null then 'no part' else rows.item end, site('plan_part')) as each)
select id || '-' || number as source_id, id as plan_source_id, number as position,
    nullif(json_get(line, site('plan_service_field')), '00000000-0000-0000-0000-000000000000') as service_code,
    decimal(json_get(line, site('plan_quantity_field'))) as quantity, money(json_get(line, site('plan_sum_field'))) as total,
    case when site('plan_tooth_field') <> '' then teeth(nullif(json_get(line, site('plan_tooth_field')), '')) end as teeth,
    case when deleted = 1 then 'marked for deletion in 1С' when posted = 0 then 'its document is not posted' end as skip_reason
from line
