-- A document's lines, each a record. Сумма or Всего is billed, as the site says; where they differ and the site says nothing, the document waits: a guess would be a
-- wrong sum. A price lower than what is billed tells no discount. A document that came without its part is an issue, not one without lines.
with line as (select rows.*, each.value as line, json_get(each.value, 'LineNumber') as number, json_get(each.value, 'Номенклатура_Key') as service,
        json_get(each.value, 'Количество') as quantity, json_get(each.value, 'Цена') as price, json_get(each.value, 'Сумма') as sum, json_get(each.value, 'Всего') as whole
        from rows join json_each(coalesce(rows.lines, 'no part'), '') as each),
    billed as (select *, times(price, quantity) as listed, case when site('line_total') = 'Всего' then whole
        when site('line_total') = 'Сумма' or whole is null or whole = sum or decimal(whole) = decimal(sum) then sum
        else code('line_total', 'Сумма and Всего differ') end as total from line)
select id || '-' || number as source_id,
    nullif(patient, '00000000-0000-0000-0000-000000000000') as patient_source_id,
    coalesce(nullif(json_get(line, 'Сотрудник_Key'), '00000000-0000-0000-0000-000000000000'), nullif(doctor, '00000000-0000-0000-0000-000000000000')) as practitioner_source_id,
    nullif(branch, '00000000-0000-0000-0000-000000000000') as branch_source_id,
    local_ts(null, date) as performed_at,
    nullif(service, '00000000-0000-0000-0000-000000000000') as service_code,
    decimal(quantity) as quantity,
    case when minus(listed, total) not like '-%' then money(listed) end as list_total,
    case when minus(listed, total) not like '-%' then money(minus(listed, total)) end as discount,
    money(total) as total,
    case when site('tooth_field') <> '' then teeth(nullif(json_get(line, site('tooth_field')), '')) end as teeth,
    case when deleted = 1 then 'marked for deletion in 1С' when posted = 0 then 'its document is not posted' end as skip_reason
from billed
