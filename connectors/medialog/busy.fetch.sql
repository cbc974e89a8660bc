select A.PLANNING_ID, case when coalesce(A.NOM, '') = '' then 0 else 1 end as NAMED,
    {column:S:PL_SUBJ.FM_INTORG_ID|null} as BRANCH_ID, {column:S:PL_SUBJ.MEDECINS_ID|null} as DOCTOR_ID,
    {column:S:PL_SUBJ.OWNER_TYPE|null} as OWNER_TYPE, {column:S:PL_SUBJ.OWNER_ID|null} as OWNER_ID, {column:S:PL_SUBJ.LIEU|null} as LIEU,
    A.DATE_CONS, A.HEURE, A.DUREE, {column:A:PLANNING.DATE_START|null} as DATE_START, {column:A:PLANNING.DATE_END|null} as DATE_END,
    {column:A:PLANNING.CANCELLED|null} as CANCELLED, {column:A:PLANNING.STATUS|null} as STATUS,
    {column:A:PLANNING.SOURCE_PLANNING_ID|null} as SOURCE_PLANNING_ID, A.KRN_CREATE_DATE, A.KRN_MODIFY_DATE
from PLANNING A
left join PL_SUBJ S on S.PL_SUBJ_ID = A.PL_SUBJ_ID
where A.PATIENTS_ID is null and {slice}
