select C.ID, C.DateOfWork, T.TimeStartValue, T.TimeEndValue, C.ID_Staffs, C.ID_Receptions, C.ID_TimeReserves, C.IsWorkingTime,
    H.NameArmchair, H.ID_OwnCompanies, H.Archive as CHAIR_ARCHIVE, S.Archive as STAFF_ARCHIVE
from CurrentTimeTable C
join Times T on T.ID = C.ID_Times
left join Armchairs H on H.ID = C.ID_Armchairs
left join Staffs S on S.ID_Persons = C.ID_Staffs
where C.IsHeaderCell = 0 and {slice}
