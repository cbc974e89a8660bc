select P.ID_Persons, N.Surname, N.Name, N.Patronymic, N.Birthday, N.MobilePhone,
    {column:N:Persons.Phone|null} as PHONE, {column:N:Persons.Email|null} as EMAIL,
    {site:channel_column:P:Patients|null} as CHANNEL, {site:mark_column:P:Patients|null} as MARK,
    {site:merged_into_column:P:Patients|null} as MERGED_INTO, {column:N:Persons.DateTimeChanged|null} as DATETIMECHANGED
from Patients P
join Persons N on N.ID = P.ID_Persons
where {slice}
