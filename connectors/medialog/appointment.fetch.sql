-- Z is every row, and beside them what the delete trace says is gone, where the site names the trace's columns (DELETED_AT, nothing else).
select Z.PLANNING_ID, Z.DELETED_AT, A.PATIENTS_ID, case when coalesce(A.NOM, '') = '' then 0 else 1 end as NAMED,
    {column:S:PL_SUBJ.FM_INTORG_ID|null} as BRANCH_ID, {column:S:PL_SUBJ.MEDECINS_ID|null} as DOCTOR_ID,
    {column:S:PL_SUBJ.OWNER_TYPE|null} as OWNER_TYPE, {column:S:PL_SUBJ.OWNER_ID|null} as OWNER_ID, {column:S:PL_SUBJ.LIEU|null} as LIEU,
    Z.DATE_CONS, A.HEURE, A.DUREE, {column:A:PLANNING.DATE_START|null} as DATE_START, {column:A:PLANNING.DATE_END|null} as DATE_END,
    {column:A:PLANNING.CANCELLED|null} as CANCELLED, {column:A:PLANNING.STATUS|null} as STATUS, {column:A:PLANNING.NOT_ACCEPTED|null} as NOT_ACCEPTED,
    A.PATIENT_ARRIVEE, {column:A:PLANNING.ARRIVE_DATE|null} as ARRIVE_DATE, {column:A:PLANNING.SOURCE_PLANNING_ID|null} as SOURCE_PLANNING_ID,
    A.PL_EXAM_ID, {column:A:PLANNING.MEDECINS_CREATOR_ID|null} as MEDECINS_CREATOR_ID, A.MOTIF, A.COMMENTAIRE,
    (select count(*) from MOTCONSU M where {column:M:MOTCONSU.PLANNING_ID|null} = A.PLANNING_ID) as VISIT_RECORDS,
    (select count(*) from MOTCONSU M join FM_BILL B on B.MOTCONSU_ID = M.MOTCONSU_ID join FM_BILLDET D on D.FM_BILL_ID = B.FM_BILL_ID
      where {column:M:MOTCONSU.PLANNING_ID|null} = A.PLANNING_ID and D.DONE = 1 and coalesce(D.CANCEL, 0) = 0) as LINES_DONE,
    Z.KRN_CREATE_DATE, Z.KRN_MODIFY_DATE
from (
    select A.PLANNING_ID, A.DATE_CONS, A.KRN_CREATE_DATE, A.KRN_MODIFY_DATE, cast(null as datetime) as DELETED_AT
    from PLANNING A
    union all
    select cast({site:delete_trace_record:X:KRN_SYS_DELETE_TRACE|null} as int) as PLANNING_ID,
        cast(null as datetime) as DATE_CONS, cast(null as datetime) as KRN_CREATE_DATE, cast(null as datetime) as KRN_MODIFY_DATE, X.DATE_DELETE as DELETED_AT
    from {table:KRN_SYS_DELETE_TRACE|(select P.KRN_CREATE_DATE as DATE_DELETE from PATIENTS P)} X
    where {site:delete_trace_table:X:KRN_SYS_DELETE_TRACE|null} = 'PLANNING'
        and not exists (select 1 from PLANNING E where E.PLANNING_ID = {site:delete_trace_record:X:KRN_SYS_DELETE_TRACE|null})
) Z
left join PLANNING A on A.PLANNING_ID = Z.PLANNING_ID
left join PL_SUBJ S on S.PL_SUBJ_ID = A.PL_SUBJ_ID
where {slice}
