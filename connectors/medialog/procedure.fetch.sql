-- A part (FM_BILLDET_PAY) counts unless it is cancelled, or its invoice is (state D). An organization that stands for a person (FM_ORG.PATIENTS_ID) is a patient.
select D.FM_BILLDET_ID, D.FM_BILL_ID, B.BILL_DATE, coalesce(D.PATIENTS_ID, B.PATIENTS_ID) as PATIENTS_ID,
    coalesce(D.MEDECINS_ID, B.MEDECINS1_ID) as DOCTOR_ID, coalesce({column:A:PLANNING.SOURCE_PLANNING_ID|null}, A.PLANNING_ID) as PLANNING_ID,
    {site:bill_branch_column:B:FM_BILL|null} as BRANCH_ID,
    D.FM_SERV_ID, S.CODE, S.LABEL, {column:S:FM_SERV.CODE_AN|null} as CODE_AN, {site:nomenclature_column:S:FM_SERV|null} as NOMENCLATURE,
    {column:S:FM_SERV.SERV_TYPE|null} as SERV_TYPE, {site:tooth_column:D:FM_BILLDET|null} as TOOTH,
    D.CNT, D.PRICE, D.TOTAL_PRICE, D.PRICE_TO_PAY, {column:D:FM_BILLDET.ORG1_PERC|null} as ORG1_PERC, {column:D:FM_BILLDET.FM_DEVISE_ID|null} as FM_DEVISE_ID,
    D.DONE, D.CANCEL, {column:D:FM_BILLDET.FREE_PAY|null} as FREE_PAY, {column:D:FM_BILLDET.BLOCKED|null} as BLOCKED,
    D.FM_CLINK_PATIENTS_ID, {site:limit_column:N:FM_CLINK_PATIENTS|null} as LIMIT_SUM, {site:program_limit_column:K:FM_CLINK|null} as PROGRAM_LIMIT,
    K.FM_CLINK_ID, K.CODE as PROGRAM_CODE, C.CODE as CONTRACT_CODE, C.FM_ORG1_ID as ORG_ID, O.LABEL as ORG_LABEL, O.PATIENTS_ID as ORG_PATIENT,
    (select count(*) from FM_BILLDET_PAY P where P.FM_BILLDET_ID = D.FM_BILLDET_ID and coalesce(P.CANCEL, 0) = 0) as PARTS,
    (select count(*) from FM_BILLDET_PAY P join FM_INVOICE I on I.FM_INVOICE_ID = P.FM_INVOICE_ID
      where P.FM_BILLDET_ID = D.FM_BILLDET_ID and coalesce(P.CANCEL, 0) = 0 and {site:invoice_state_column:I:FM_INVOICE|null} = 'D') as PARTS_LEFT_OUT,
    (select min({site:invoice_state_column:I:FM_INVOICE|'A'}) from FM_BILLDET_PAY P join FM_INVOICE I on I.FM_INVOICE_ID = P.FM_INVOICE_ID
      where P.FM_BILLDET_ID = D.FM_BILLDET_ID and coalesce(P.CANCEL, 0) = 0
        and {site:invoice_state_column:I:FM_INVOICE|'A'} not in ('A', 'C', 'V', 'D')) as ODD_STATE,
    (select sum(P.PRICE) from FM_BILLDET_PAY P left join FM_INVOICE I on I.FM_INVOICE_ID = P.FM_INVOICE_ID left join FM_ORG Q on Q.FM_ORG_ID = P.FM_ORG_ID
      where P.FM_BILLDET_ID = D.FM_BILLDET_ID and coalesce(P.CANCEL, 0) = 0 and coalesce({site:invoice_state_column:I:FM_INVOICE|null}, ' ') <> 'D'
        and (P.FM_ORG_ID is null or Q.PATIENTS_ID is not null)) as PATIENT_PART,
    (select sum(P.PRICE) from FM_BILLDET_PAY P left join FM_INVOICE I on I.FM_INVOICE_ID = P.FM_INVOICE_ID left join FM_ORG Q on Q.FM_ORG_ID = P.FM_ORG_ID
      where P.FM_BILLDET_ID = D.FM_BILLDET_ID and coalesce(P.CANCEL, 0) = 0 and coalesce({site:invoice_state_column:I:FM_INVOICE|null}, ' ') <> 'D'
        and P.FM_ORG_ID = C.FM_ORG1_ID and Q.PATIENTS_ID is null) as POLICY_PART,
    (select sum(P.PRICE) from FM_BILLDET_PAY P left join FM_INVOICE I on I.FM_INVOICE_ID = P.FM_INVOICE_ID left join FM_ORG Q on Q.FM_ORG_ID = P.FM_ORG_ID
      where P.FM_BILLDET_ID = D.FM_BILLDET_ID and coalesce(P.CANCEL, 0) = 0 and coalesce({site:invoice_state_column:I:FM_INVOICE|null}, ' ') <> 'D'
        and P.FM_ORG_ID <> coalesce(C.FM_ORG1_ID, 0) and Q.PATIENTS_ID is null) as OTHER_PART,
    (select min(P.FM_ORG_ID) from FM_BILLDET_PAY P left join FM_ORG Q on Q.FM_ORG_ID = P.FM_ORG_ID
      where P.FM_BILLDET_ID = D.FM_BILLDET_ID and coalesce(P.CANCEL, 0) = 0 and P.FM_ORG_ID <> coalesce(C.FM_ORG1_ID, 0) and Q.PATIENTS_ID is null) as OTHER_ID,
    (select min(Q.LABEL) from FM_BILLDET_PAY P join FM_ORG Q on Q.FM_ORG_ID = P.FM_ORG_ID
      where P.FM_BILLDET_ID = D.FM_BILLDET_ID and coalesce(P.CANCEL, 0) = 0 and P.FM_ORG_ID <> coalesce(C.FM_ORG1_ID, 0) and Q.PATIENTS_ID is null) as OTHER_LABEL,
    (select count(distinct P.FM_ORG_ID) from FM_BILLDET_PAY P left join FM_ORG Q on Q.FM_ORG_ID = P.FM_ORG_ID
      where P.FM_BILLDET_ID = D.FM_BILLDET_ID and coalesce(P.CANCEL, 0) = 0 and P.FM_ORG_ID <> coalesce(C.FM_ORG1_ID, 0) and Q.PATIENTS_ID is null) as OTHERS,
    (select min(V.DIR_SERV_ID) from DIR_ANSW W join DIR_SERV V on V.PATDIREC_ID = W.PATDIREC_ID
      where W.FM_BILL_ID = D.FM_BILL_ID and V.FM_SERV_ID = D.FM_SERV_ID and coalesce(W.ANSW_STATE, 0) <> 2) as ITEM_FIRST,
    (select max(V.DIR_SERV_ID) from DIR_ANSW W join DIR_SERV V on V.PATDIREC_ID = W.PATDIREC_ID
      where W.FM_BILL_ID = D.FM_BILL_ID and V.FM_SERV_ID = D.FM_SERV_ID and coalesce(W.ANSW_STATE, 0) <> 2) as ITEM_LAST,
    D.KRN_CREATE_DATE, D.KRN_MODIFY_DATE
from FM_BILLDET D
left join FM_BILL B on B.FM_BILL_ID = D.FM_BILL_ID
left join FM_SERV S on S.FM_SERV_ID = D.FM_SERV_ID
left join MOTCONSU M on M.MOTCONSU_ID = B.MOTCONSU_ID
left join PLANNING A on A.PLANNING_ID = {column:M:MOTCONSU.PLANNING_ID|null}
left join FM_CLINK_PATIENTS N on N.FM_CLINK_PATIENTS_ID = D.FM_CLINK_PATIENTS_ID
left join FM_CLINK K on K.FM_CLINK_ID = coalesce(N.FM_CLINK_ID, D.FM_CLINK_ID)
left join FM_CONTR C on C.FM_CONTR_ID = K.FM_CONTR_ID
left join FM_ORG O on O.FM_ORG_ID = C.FM_ORG1_ID
where {slice}
