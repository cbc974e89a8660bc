select A.PLANNING_ID, A.PATIENTS_ID, case when coalesce(A.NOM, '') = '' then 0 else 1 end as NAMED,
    {column:S:PL_SUBJ.FM_INTORG_ID|null} as BRANCH_ID, {column:S:PL_SUBJ.MEDECINS_ID|null} as DOCTOR_ID,
    {column:S:PL_SUBJ.OWNER_TYPE|null} as OWNER_TYPE, {column:S:PL_SUBJ.OWNER_ID|null} as OWNER_ID, {column:S:PL_SUBJ.LIEU|null} as LIEU,
    A.DATE_CONS, A.HEURE, A.DUREE, {column:A:PLANNING.DATE_START|null} as DATE_START, {column:A:PLANNING.DATE_END|null} as DATE_END,
    {column:A:PLANNING.CANCELLED|null} as CANCELLED, {column:A:PLANNING.STATUS|null} as STATUS, {column:A:PLANNING.NOT_ACCEPTED|null} as NOT_ACCEPTED,
    A.PATIENT_ARRIVEE, {column:A:PLANNING.ARRIVE_DATE|null} as ARRIVE_DATE, {column:A:PLANNING.SOURCE_PLANNING_ID|null} as SOURCE_PLANNING_ID,
    A.PL_EXAM_ID, {column:A:PLANNING.MEDECINS_CREATOR_ID|null} as MEDECINS_CREATOR_ID, A.MOTIF, A.COMMENTAIRE,
    (select count(*) from MOTCONSU M where {column:M:MOTCONSU.PLANNING_ID|null} = A.PLANNING_ID) as VISIT_RECORDS,
    (select count(*) from MOTCONSU M join FM_BILL B on B.MOTCONSU_ID = M.MOTCONSU_ID join FM_BILLDET D on D.FM_BILL_ID = B.FM_BILL_ID
      where {column:M:MOTCONSU.PLANNING_ID|null} = A.PLANNING_ID and D.DONE = 1 and coalesce(D.CANCEL, 0) = 0) as LINES_DONE,
    A.KRN_CREATE_DATE, A.KRN_MODIFY_DATE
from PLANNING A
left join PL_SUBJ S on S.PL_SUBJ_ID = A.PL_SUBJ_ID
where {slice}
