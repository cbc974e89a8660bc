select P.PATIENTS_ID, P.NOM, P.PRENOM, P.PATRONYME, P.NE_LE, {site:mobile_column:P:PATIENTS|null} as PHONE,
    {column:P:PATIENTS.MOBIL_TELEFON|null} as MOBIL_TELEFON, {column:P:PATIENTS.MOBIL_NYY|null} as MOBIL_NYY, {column:P:PATIENTS.TEL|null} as TEL,
    {column:P:PATIENTS.RAB_TEL|null} as RAB_TEL, {column:P:PATIENTS.E_MAIL|null} as E_MAIL, {column:P:PATIENTS.EMAIL|null} as EMAIL,
    {column:P:PATIENTS.PL_PATGR_ID|null} as PL_PATGR_ID, {site:channel_column:P:PATIENTS|null} as CHANNEL,
    P.KRN_CREATE_DATE, P.KRN_MODIFY_DATE
from PATIENTS P
where {slice}
