select R.ID, R.ID_Patients, R.ID_Staffs, H.NameArmchair, H.ID_OwnCompanies, R.PlanStart, R.PlanEnd,
    (select min(C.DateOfWork) from CurrentTimeTable C where C.ID_Receptions = R.ID) as CELL_DAY,
    (select min(T.TimeStartValue) from CurrentTimeTable C join Times T on T.ID = C.ID_Times where C.ID_Receptions = R.ID) as CELL_START,
    (select min(T.TimeEndValue) from CurrentTimeTable C join Times T on T.ID = C.ID_Times where C.ID_Receptions = R.ID) as CELL_END_MIN,
    (select max(T.TimeEndValue) from CurrentTimeTable C join Times T on T.ID = C.ID_Times where C.ID_Receptions = R.ID) as CELL_END_MAX,
    (select min(C.ID_Staffs) from CurrentTimeTable C where C.ID_Receptions = R.ID) as CELL_STAFF,
    R.PatientAppeared, R.ReceptionStarted, R.ReceptionEnded, R.CheckIssued, R.ReceptionCanceled, R.ID_ReceptionCancelReasons,
    {column:R:Receptions.Comment|null} as NOTE,
    {column:R:Receptions.DateTimeAdded|null} as DATETIMEADDED, {column:R:Receptions.DateTimeChanged|null} as DATETIMECHANGED
from Receptions R
left join Armchairs H on H.ID = R.ID_Armchairs
where {slice}
