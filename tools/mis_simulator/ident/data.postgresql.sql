-- A small invented clinic for schema.postgresql.sql, with the rows that surprise a reader. Its first day is today, or what `SET ident.today = '2026-03-10'`
-- says before. Teeth stand in TeethLong in the order of the chart, the lowest bit first (the site's tooth_bits):
-- 18,17,16,15,14,13,12,11,21,22,23,24,25,26,27,28,48,47,46,45,44,43,42,41,31,32,33,34,35,36,37,38,
-- 55,54,53,52,51,61,62,63,64,65,85,84,83,82,81,71,72,73,74,75
CREATE FUNCTION pg_temp.day(days integer) RETURNS date LANGUAGE sql AS $$
    SELECT coalesce(nullif(current_setting('ident.today', true), '')::date, CURRENT_DATE) + days
$$;

INSERT INTO OwnCompanies (ID, Name, BranchName) VALUES
    (1, 'ООО «Тест»', 'Филиал на Тестовой'),
    (2, 'ООО «Проба»', NULL);            -- in another zone, and without a name of its own

INSERT INTO Armchairs (ID, NameArmchair, ID_OwnCompanies, Archive) VALUES
    (1, 'Кресло 1', 1, 0),
    (2, 'Кресло 2', 1, 0),
    (3, 'Кресло Омск', 2, 0),
    (4, 'Старое кресло', 1, 1);

INSERT INTO Persons (ID, Surname, Name, Patronymic, MobilePhone, Birthday) VALUES
    (1, 'Тестова', 'Анна', 'Пробовна', '8 900 000-00-01', '01.02.1990'),
    (2, 'Тестов', 'Пётр', 'Пробович', '89000000001', '2015-03-04'),          -- her son, by her phone
    (3, 'Пробная', 'Мария', NULL, '8 900 000-00-03, 8 900 000-00-04', '  .  .    '),
    (4, 'Примеров', 'Иван', 'Тестович', NULL, 'около 1985'),                 -- no date
    (5, 'Двойников', 'Илья', 'Тестович', '+7 (900) 000-00-05', '05.05.1985'),
    (6, 'Двойников', 'Илья', 'Тестович', '+7 (900) 000-00-05', '05.05.1985'),  -- the same man twice: a merge deletes one
    (101, 'Врачов', 'Пробный', 'Тестович', '8 900 000-01-01', NULL),
    (102, 'Докторова', 'Проба', NULL, NULL, NULL),
    (103, 'Админова', 'Тест', 'Тестовна', NULL, NULL),
    (104, 'Бывший', 'Доктор', NULL, NULL, NULL),
    (105, NULL, NULL, NULL, NULL, NULL);

INSERT INTO Patients (ID_Persons, CardNumber, ParentSNP) VALUES
    (1, 'К-1', NULL), (2, 'К-2', 'Тестова Анна Пробовна'), (3, 'К-3', NULL), (4, 'К-4', NULL), (5, 'К-5', NULL), (6, 'К-6', NULL);

INSERT INTO Staffs (ID_Persons, Archive) VALUES (101, 0), (102, 0), (103, 0), (104, 1), (105, 0);

INSERT INTO ProfessionNames (ID, NameProfession, ID_Roles, Archive) VALUES
    (1, 'Стоматолог-терапевт', 8, 0),
    (2, 'Стоматолог-хирург', 8, 0),
    (3, 'Администратор', 7, 0),
    (4, 'Гигиенист', 8, 0),
    (5, 'Стоматолог (старое)', 8, 1);

INSERT INTO Items (ID_Staffs, ID_ProfessionNames) VALUES
    (101, 2), (101, 1), (101, 3), (101, 1), (101, 5),   -- three professions, one twice, one out of use
    (102, 4), (103, 3), (104, 1);

INSERT INTO ReceptionCancelReasons (ID, Name) VALUES
    (1, 'Отменил пациент'), (2, 'Заболел врач'), (3, 'Не пришёл'), (4, 'Другое');

INSERT INTO Receptions (ID, ID_Patients, ID_Staffs, ID_Armchairs, PlanStart, PlanEnd, Comment, DateTimeAdded, DateTimeChanged,
                        PatientAppeared, ReceptionStarted, ReceptionEnded, CheckIssued, ReceptionCanceled, ID_ReceptionCancelReasons) VALUES
    -- to come; its cells say 10:00 to 10:45, its plan another time
    (1, 1, 101, 1, pg_temp.day(1) + time '09:30', pg_temp.day(1) + time '10:00', 'БАРТЕР. Лимит 20.000',
     pg_temp.day(-3) + time '12:00:00.003', pg_temp.day(-1) + time '12:00', NULL, NULL, NULL, NULL, NULL, NULL),
    -- today: arrived, in the chair, done, done with a bill
    (2, 2, 101, 1, pg_temp.day(0) + time '09:00', pg_temp.day(0) + time '09:30', NULL,
     pg_temp.day(-5) + time '10:00', NULL, pg_temp.day(0) + time '08:55', NULL, NULL, NULL, NULL, NULL),
    (3, 3, 102, 2, pg_temp.day(0) + time '09:00', pg_temp.day(0) + time '10:00', NULL,
     pg_temp.day(-5) + time '10:00', NULL, pg_temp.day(0) + time '08:50', pg_temp.day(0) + time '09:02', NULL, NULL, NULL, NULL),
    (4, 4, 101, 1, pg_temp.day(-1) + time '11:00', pg_temp.day(-1) + time '12:00', NULL,
     pg_temp.day(-9) + time '10:00', NULL, pg_temp.day(-1) + time '10:50', pg_temp.day(-1) + time '11:00', pg_temp.day(-1) + time '11:50', NULL, NULL, NULL),
    (5, 1, 101, 1, pg_temp.day(-2) + time '11:00', pg_temp.day(-2) + time '12:00', NULL,
     pg_temp.day(-9) + time '10:00', NULL, NULL, pg_temp.day(-2) + time '11:00', NULL, pg_temp.day(-2) + time '12:05', NULL, NULL),
    -- cancelled by its stamp; by its reason alone, which means a no-show
    (6, 1, 102, 2, pg_temp.day(2) + time '09:00', pg_temp.day(2) + time '09:30', NULL,
     pg_temp.day(-9) + time '10:00', NULL, NULL, NULL, NULL, NULL, pg_temp.day(-1) + time '18:00', 1),
    (7, 3, 102, 2, pg_temp.day(-1) + time '15:00', pg_temp.day(-1) + time '15:30', NULL,
     pg_temp.day(-9) + time '10:00', NULL, NULL, NULL, NULL, NULL, NULL, 3),
    -- nobody's; without doctor and with an end before its start; the doctor of its cells; without any stamp in the past; until midnight
    (8, NULL, 101, 1, pg_temp.day(1) + time '12:00', pg_temp.day(1) + time '12:30', 'планёрка', pg_temp.day(-9) + time '10:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (9, 5, NULL, NULL, pg_temp.day(3) + time '12:00', pg_temp.day(3) + time '12:00', NULL, pg_temp.day(-9) + time '10:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (10, 6, NULL, 2, pg_temp.day(1) + time '12:00', pg_temp.day(1) + time '12:30', NULL, pg_temp.day(-9) + time '10:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (11, 2, 102, 2, pg_temp.day(-4) + time '12:00', pg_temp.day(-4) + time '12:30', NULL, pg_temp.day(-9) + time '10:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (12, 5, 102, 3, pg_temp.day(1) + time '23:30', pg_temp.day(2) + time '00:00', NULL, pg_temp.day(-9) + time '10:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL);

INSERT INTO Times (ID, TimeStartValue, TimeEndValue)
SELECT N + 1, time '00:00' + N * interval '15 minutes', time '00:00' + (N + 1) * interval '15 minutes'
FROM generate_series(0, 95) AS N;

-- Doctor 101 in chair 1, 09:00 to 13:00 (cells 37 to 52) of yesterday to the day after tomorrow; at 12:30 no working time.
INSERT INTO CurrentTimeTable (ID, DateOfWork, ID_Times, ID_Armchairs, ID_Staffs, ID_Receptions, ID_TimeReserves, IsWorkingTime, IsHeaderCell)
SELECT 1000 + D * 100 + T.ID, pg_temp.day(D), T.ID, 1, 101, NULL, NULL, CASE WHEN T.ID >= 51 THEN 0 ELSE 1 END, 0
FROM generate_series(-1, 2) AS D, Times T
WHERE T.ID BETWEEN 37 AND 52;
UPDATE CurrentTimeTable SET ID_Receptions = 2 WHERE ID IN (1037, 1038);
UPDATE CurrentTimeTable SET ID_Receptions = 4 WHERE ID BETWEEN 945 AND 948;
UPDATE CurrentTimeTable SET ID_Receptions = 1 WHERE ID BETWEEN 1141 AND 1143;
UPDATE CurrentTimeTable SET ID_Receptions = 8 WHERE ID IN (1149, 1150);
UPDATE CurrentTimeTable SET ID_TimeReserves = 1 WHERE ID BETWEEN 1245 AND 1246;

INSERT INTO CurrentTimeTable (ID, DateOfWork, ID_Times, ID_Armchairs, ID_Staffs, ID_Receptions, ID_TimeReserves, IsWorkingTime, IsHeaderCell) VALUES
    (3001, pg_temp.day(1), 36, 1, 101, NULL, NULL, 1, 1),    -- a header
    (3002, pg_temp.day(1), 49, 2, 102, 10, NULL, 1, 0),
    (3003, pg_temp.day(1), 50, 2, 102, 10, NULL, 0, 0),      -- a visit outside working time
    (3004, pg_temp.day(1), 51, 2, NULL, NULL, NULL, 1, 0),   -- of nobody
    (3005, pg_temp.day(1), 37, 4, 101, NULL, NULL, 1, 0),    -- a chair out of use
    (3006, pg_temp.day(1), 38, 2, 104, NULL, NULL, 1, 0),    -- a doctor who has left
    (3007, pg_temp.day(1), 94, 3, 102, NULL, NULL, 1, 0),
    (3008, pg_temp.day(1), 95, 3, 102, 12, NULL, 1, 0),
    (3009, pg_temp.day(1), 96, 3, 102, 12, NULL, 1, 0);      -- until midnight

INSERT INTO ServiceCategories (ID, Name, Archive) VALUES (1, 'Терапия', 0), (2, 'Хирургия', 0);
INSERT INTO ServiceFolders (ID, Name, ID_ServiceCategories, Archive) VALUES (1, 'Пломбы', 1, 0), (2, 'Удаления', 2, 0), (3, 'Разное', NULL, 0), (4, 'Акции', 1, 0);
INSERT INTO ServiceItems (ID, Name, NotAService) VALUES
    (1, 'Восстановление зуба пломбой', 0),
    (2, 'Удаление зуба', 0),
    (3, 'Зубная щётка', 1),
    (4, 'Консультация', 0),
    (5, 'Без кода', 0);
INSERT INTO ServiceItemContents (ID_ServiceItems, Code, ID_ServiceFoldersParent, DateTimeFrom, DateTimeTo) VALUES
    (1, 'Т-15', 1, '2020-01-01', '2025-01-01'),
    (1, 'A16.07.002', 1, '2025-01-01', NULL),
    (1, 'A16.07.002', 4, '2025-01-01', NULL),               -- in two folders at once
    (1, 'Т-99', 1, '2090-01-01', NULL),                     -- not yet
    (2, 'А16.07.001', 2, '2020-01-01', NULL),               -- the first letter is Cyrillic
    (3, 'Щ-01', 3, '2020-01-01', NULL),
    (4, 'B01.065.001', 3, '2020-01-01', NULL);
INSERT INTO ServicePriceGroups (ID, Name, Archive) VALUES (1, 'Основной', 0), (2, 'Сотрудники', 0), (3, 'Старый', 1);
INSERT INTO ServiceItemPrices (ID, ID_ServiceItems, PriceForSalary, Price, ID_ServicePriceGroups, DateTimeFrom, DateTimeTo) VALUES
    (11, 1, 900.0000, 4000.0000, 1, '2020-01-01', '2026-01-01'),
    (12, 1, 1000.0000, 4510.3500, 1, '2026-01-01', NULL),
    (13, 1, 1000.0000, 1.0000, 3, '2020-01-01', NULL),      -- of a list out of use
    (21, 2, 700.0000, 3000.0000, 1, '2020-01-01', NULL),
    (22, 2, 700.0000, 1500.0000, 2, '2020-01-01', NULL),    -- two lists disagree
    (31, 3, 0.0000, 199.9500, NULL, '2020-01-01', NULL),
    (41, 4, 100.0000, 500.0000, 1, '2020-01-01', '2090-01-01'),
    (42, 4, 100.0000, 700.0000, 1, '2090-01-01', NULL),     -- not yet
    (51, 5, NULL, NULL, 1, '2020-01-01', NULL);             -- no price

INSERT INTO TreatmentPlans (ID, Name, ID_Patients, ID_Staffs, DateTimeCreated, IsActive) VALUES
    (1, 'Лечение', 1, 101, pg_temp.day(-10) + time '13:00', 1),
    (2, 'Старый план', 3, NULL, pg_temp.day(-400), 0),
    (3, 'Шаблон', NULL, 101, pg_temp.day(-10), 1);
INSERT INTO TreatmentPlanStages (ID, Name, "order") VALUES (1, 'Терапия', 1), (2, 'Хирургия', 2);
INSERT INTO TreatmentPlanElements (ID, Name, "order") VALUES (1, 'Зуб 16', 1), (2, 'Зуб 48', 2);
INSERT INTO TreatmentPlanElementRelations (ID, ID_TreatmentPlans, ID_TreatmentPlanStages, ID_TreatmentPlanElements, ID_ServicePrices, DiscountSum,
                                           TeethLong, AlternativeGroup, AlternativeChosen) VALUES
    (1, 1, 1, 1, 12, 510.3500, 4, NULL, 0),                 -- 16
    (2, 1, 2, 2, 21, NULL, 65536, NULL, 0),                 -- 48
    (3, 1, NULL, NULL, 41, NULL, 0, NULL, 0),               -- no stage, no element, no tooth
    (4, 1, 1, NULL, 12, NULL, 8193 + 4294967296, NULL, 0),  -- 18, 26 and 55
    (5, 1, 1, NULL, 12, NULL, 2, 7, 1),                     -- two alternatives
    (6, 1, 1, NULL, 21, NULL, 2, 7, 0),
    (7, 1, 1, NULL, 12, NULL, 1::bigint << 60, NULL, 0),    -- a bit that is no tooth
    (8, 2, 1, NULL, 11, NULL, NULL, NULL, 0),
    (9, 3, 1, NULL, 11, NULL, NULL, NULL, 0),               -- of a template
    (10, 1, 1, NULL, NULL, NULL, NULL, NULL, 0);            -- without service

INSERT INTO Orders (ID, ID_Receptions, ID_OwnCompanies, DateTimeOrder, DateTimeBillFormed) VALUES
    (1, 5, 1, pg_temp.day(-2) + time '11:40', pg_temp.day(-2) + time '12:05'),
    (2, 5, 2, pg_temp.day(-2) + time '11:45', pg_temp.day(-2) + time '12:05'),   -- a second of the same visit, billed by another entity
    (3, 4, 1, pg_temp.day(-1) + time '11:50', NULL),
    (4, 6, 1, pg_temp.day(-1) + time '10:00', NULL),        -- of a cancelled visit
    (5, NULL, 1, pg_temp.day(-1) + time '10:30', NULL);     -- of no visit
INSERT INTO OrderServiceRelation (ID, ID_Orders, ID_ServicePrices, CountService, DiscountSum, ID_TreatmentPlanElementRelations) VALUES
    (1, 1, 12, 1, 510.3500, 1),
    (2, 1, 31, 2, NULL, NULL),
    (3, 2, 41, 1, 0, 3),
    (4, 3, 11, 1, NULL, NULL),                              -- at the price of an older list
    (5, 3, 21, 1, 100.0000, NULL),
    (6, 3, 21, -1, NULL, NULL),                             -- taken back
    (7, 4, 12, 1, NULL, NULL),
    (8, 5, 41, 1, NULL, NULL),
    (9, 3, 51, 1, NULL, NULL),                              -- without price
    (10, 3, 12, 1, NULL, 4);
