-- A person may have several professions (Items): doctors' first, then by the alphabet, four at most. The fetch gives one row per person.
-- Administrators and marketers are rows like any other: visits and plans may name them.
with named as (
    select *, coalesce(nullif(trim(surname), '') || ' ', '') || coalesce(nullif(trim(name), '') || ' ', '') || coalesce(trim(patronymic), '') as full_name
    from rows
)
select id_persons as source_id,
    coalesce(nullif(trim(full_name), ''), 'сотрудник ' || id_persons) as name,
    profession1 || coalesce(', ' || profession2, '') || coalesce(', ' || profession3, '') || coalesce(', ' || profession4, '') as specialty,
    case when archive = 1 then 0 else 1 end as active
from named
