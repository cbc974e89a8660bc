select S.ID_Persons, N.Surname, N.Name, N.Patronymic, S.Archive,
    F.PROFESSION1, F.PROFESSION2, F.PROFESSION3, F.PROFESSION4
from Staffs S
left join Persons N on N.ID = S.ID_Persons
left join (
    select D.ID_Staffs,
        min(case when D.PLACE = 1 then D.NameProfession end) as PROFESSION1,
        min(case when D.PLACE = 2 then D.NameProfession end) as PROFESSION2,
        min(case when D.PLACE = 3 then D.NameProfession end) as PROFESSION3,
        min(case when D.PLACE = 4 then D.NameProfession end) as PROFESSION4
    from (
        select E.ID_Staffs, E.NameProfession,
            row_number() over (partition by E.ID_Staffs order by E.DOCTORS_FIRST, E.NameProfession) as PLACE
        from (
            select I.ID_Staffs, P.NameProfession, min(case when P.ID_Roles = 8 then 0 else 1 end) as DOCTORS_FIRST
            from Items I
            join ProfessionNames P on P.ID = I.ID_ProfessionNames
            where P.Archive = 0
            group by I.ID_Staffs, P.NameProfession
        ) E
    ) D
    group by D.ID_Staffs
) F on F.ID_Staffs = S.ID_Persons
where {slice}
