-- PATDIREC: an order with services (DIR_SERV) is read as a plan; other orders (a referral, a prescription) have none.
select patdirec_id as source_id,
    patients_id as patient_source_id,
    medecins_creator_id as practitioner_source_id,
    iso_date(coalesce(krn_create_date, begin_date_time)) as created_on,
    description as title,
    case when cancelled = 1 then 0 else code('dir_state', coalesce(dir_state, 1)) = 'active' end as active,
    local_ts(null, coalesce(krn_modify_date, krn_create_date)) as source_modified_at,
    case
        when patients_id is null then 'order without a patient'
        when site('plan_kinds') <> '' and instr(',' || site('plan_kinds') || ',', ',' || coalesce(patdirec_kind, '-') || ',') = 0
            then 'order of a kind that is no treatment plan (site: plan_kinds)'
        when services = 0 then 'order without services'
    end as skip_reason
from rows
