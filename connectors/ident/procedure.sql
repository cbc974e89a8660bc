-- A line of an order. Its price row is the version that was valid when it was entered, so that no later price list touches it.
-- A line owes price × count − discount. An order of a cancelled visit counts only with a bill. Teeth: the line's own where the base has them, else
-- those of the plan's line that it fulfils; the mask is read by the site's tooth_bits, a bit without a tooth sets the row aside. So does an order of
-- which no patient is known: its money may not be overlooked.
with read as (
    select *,
        coalesce(chair_company, id_owncompanies) as branch,
        coalesce(id_patients, site_patient, order_patient) as patient,
        times(price, countservice) as gross,
        coalesce(case when site('discount_of') = 'unit' then times(discountsum, countservice) else discountsum end, '0') as off,
        coalesce(latin_code(nomenclature), latin_code(code)) as national,
        case when site('line_teeth_form') = 'list' then nullif(trim(teeth_text), '') end as listed,
        coalesce(nullif(case when site('line_teeth_form') = 'mask' then cast(teeth_text as integer) end, 0), nullif(line_teeth, 0), plan_teeth) as mask,
        rtrim(replace(site('tooth_bits'), ' ', ''), ',') || replace('........', '.', ',??,??,??,??,??,??,??,??') || ',' as bits,
        coalesce(nullif(line_limit, 0), nullif(order_limit, 0)) as account,
        receptioncanceled is not null or id_receptioncancelreasons is not null as cancelled
    from rows
), decoded as (
    select *,
        case when mask <> 0 then
            iif(mask >> 0 & 1, substr(bits, 1, 3), '') || iif(mask >> 1 & 1, substr(bits, 4, 3), '') || iif(mask >> 2 & 1, substr(bits, 7, 3), '')
            || iif(mask >> 3 & 1, substr(bits, 10, 3), '') || iif(mask >> 4 & 1, substr(bits, 13, 3), '') || iif(mask >> 5 & 1, substr(bits, 16, 3), '')
            || iif(mask >> 6 & 1, substr(bits, 19, 3), '') || iif(mask >> 7 & 1, substr(bits, 22, 3), '') || iif(mask >> 8 & 1, substr(bits, 25, 3), '')
            || iif(mask >> 9 & 1, substr(bits, 28, 3), '') || iif(mask >> 10 & 1, substr(bits, 31, 3), '') || iif(mask >> 11 & 1, substr(bits, 34, 3), '')
            || iif(mask >> 12 & 1, substr(bits, 37, 3), '') || iif(mask >> 13 & 1, substr(bits, 40, 3), '') || iif(mask >> 14 & 1, substr(bits, 43, 3), '')
            || iif(mask >> 15 & 1, substr(bits, 46, 3), '') || iif(mask >> 16 & 1, substr(bits, 49, 3), '') || iif(mask >> 17 & 1, substr(bits, 52, 3), '')
            || iif(mask >> 18 & 1, substr(bits, 55, 3), '') || iif(mask >> 19 & 1, substr(bits, 58, 3), '') || iif(mask >> 20 & 1, substr(bits, 61, 3), '')
            || iif(mask >> 21 & 1, substr(bits, 64, 3), '') || iif(mask >> 22 & 1, substr(bits, 67, 3), '') || iif(mask >> 23 & 1, substr(bits, 70, 3), '')
            || iif(mask >> 24 & 1, substr(bits, 73, 3), '') || iif(mask >> 25 & 1, substr(bits, 76, 3), '') || iif(mask >> 26 & 1, substr(bits, 79, 3), '')
            || iif(mask >> 27 & 1, substr(bits, 82, 3), '') || iif(mask >> 28 & 1, substr(bits, 85, 3), '') || iif(mask >> 29 & 1, substr(bits, 88, 3), '')
            || iif(mask >> 30 & 1, substr(bits, 91, 3), '') || iif(mask >> 31 & 1, substr(bits, 94, 3), '') || iif(mask >> 32 & 1, substr(bits, 97, 3), '')
            || iif(mask >> 33 & 1, substr(bits, 100, 3), '') || iif(mask >> 34 & 1, substr(bits, 103, 3), '') || iif(mask >> 35 & 1, substr(bits, 106, 3), '')
            || iif(mask >> 36 & 1, substr(bits, 109, 3), '') || iif(mask >> 37 & 1, substr(bits, 112, 3), '') || iif(mask >> 38 & 1, substr(bits, 115, 3), '')
            || iif(mask >> 39 & 1, substr(bits, 118, 3), '') || iif(mask >> 40 & 1, substr(bits, 121, 3), '') || iif(mask >> 41 & 1, substr(bits, 124, 3), '')
            || iif(mask >> 42 & 1, substr(bits, 127, 3), '') || iif(mask >> 43 & 1, substr(bits, 130, 3), '') || iif(mask >> 44 & 1, substr(bits, 133, 3), '')
            || iif(mask >> 45 & 1, substr(bits, 136, 3), '') || iif(mask >> 46 & 1, substr(bits, 139, 3), '') || iif(mask >> 47 & 1, substr(bits, 142, 3), '')
            || iif(mask >> 48 & 1, substr(bits, 145, 3), '') || iif(mask >> 49 & 1, substr(bits, 148, 3), '') || iif(mask >> 50 & 1, substr(bits, 151, 3), '')
            || iif(mask >> 51 & 1, substr(bits, 154, 3), '') || iif(mask >> 52 & 1, substr(bits, 157, 3), '') || iif(mask >> 53 & 1, substr(bits, 160, 3), '')
            || iif(mask >> 54 & 1, substr(bits, 163, 3), '') || iif(mask >> 55 & 1, substr(bits, 166, 3), '') || iif(mask >> 56 & 1, substr(bits, 169, 3), '')
            || iif(mask >> 57 & 1, substr(bits, 172, 3), '') || iif(mask >> 58 & 1, substr(bits, 175, 3), '') || iif(mask >> 59 & 1, substr(bits, 178, 3), '')
            || iif(mask >> 60 & 1, substr(bits, 181, 3), '') || iif(mask >> 61 & 1, substr(bits, 184, 3), '') || iif(mask >> 62 & 1, substr(bits, 187, 3), '')
            || iif(mask >> 63 & 1, substr(bits, 190, 3), '')
        end as teeth_of_mask
    from read
)
select id as source_id,
    branch as branch_source_id,
    case when id_owncompanies <> branch then nullif(trim(tax_number), '') end as legal_entity,
    patient as patient_source_id,
    coalesce(line_doctor, id_staffs) as practitioner_source_id,
    id_receptions as appointment_source_id,
    local_ts(branch, datetimeorder) as performed_at,
    case when site('line_state') = 'billed' and datetimebillformed is null then 'in_progress' else 'done' end as state,
    coalesce(nullif(trim(code), ''), 'ServiceItems-' || service_id) as service_code,
    nullif(trim(name), '') as service_name,
    case when national glob '[AB][0-9][0-9].[0-9]*' then national end as nomenclature,
    case when notaservice = 1 and site('not_a_service') = 'goods' then 'goods' end as category,
    decimal(countservice) as quantity,
    teeth(coalesce(listed, rtrim(teeth_of_mask, ','))) as teeth,
    money(gross) as list_total,
    money(off) as discount,
    money(minus(gross, off)) as total,
    case when account is not null then 'limit' end as payer,
    account as limit_source_id,
    plan_item as plan_item_source_id,
    case when listed is null and mask <> 0 and bits is null then list('tooth mask ' || mask) end as notes,
    case when cancelled and datetimebillformed is null then 'the visit was cancelled and no bill formed' end as skip_reason
from decoded
