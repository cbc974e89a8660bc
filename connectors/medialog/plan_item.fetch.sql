select V.DIR_SERV_ID, V.PATDIREC_ID, {column:R:PATDIREC.PATDIREC_KIND|null} as PATDIREC_KIND, V.FM_SERV_ID, S.CODE, S.LABEL,
    {column:S:FM_SERV.CODE_AN|null} as CODE_AN, {site:nomenclature_column:S:FM_SERV|null} as NOMENCLATURE, V.CNT,
    {site:plan_tooth_column:V:DIR_SERV|null} as TOOTH, {site:plan_stage_column:V:DIR_SERV|null} as STAGE, {site:plan_total_column:V:DIR_SERV|null} as TOTAL,
    (select count(*) from DIR_SERV E where E.PATDIREC_ID = V.PATDIREC_ID and E.DIR_SERV_ID < V.DIR_SERV_ID) as PLACE,
    (select count(*) from DIR_ANSW W where W.PATDIREC_ID = V.PATDIREC_ID) as ANSWERS,
    (select count(*) from DIR_ANSW W where W.PATDIREC_ID = V.PATDIREC_ID and W.ANSW_STATE = 2) as ANSWERS_CANCELLED,
    {column:V:DIR_SERV.KRN_CREATE_DATE|null} as KRN_CREATE_DATE, {column:V:DIR_SERV.KRN_MODIFY_DATE|null} as KRN_MODIFY_DATE
from DIR_SERV V
join PATDIREC R on R.PATDIREC_ID = V.PATDIREC_ID
left join FM_SERV S on S.FM_SERV_ID = V.FM_SERV_ID
where {slice}
