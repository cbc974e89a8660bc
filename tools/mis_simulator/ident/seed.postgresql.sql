-- The past of the simulated clinic in IDENT's tables, made of the tables of schema simulator. Ids of a table begin at a round number of its own; what the clinic
-- does later counts from 1000000001.
--   patients 100000 + i · visits 2000000 + h · orders 4000000 + h · lines 5000000 + n · payments 7000000 + h · prices 1001 + service

-- Columns and tables that no public source has, as this clinic would have them: the site names the columns, the views are those of connectors/ident/README.md.
ALTER TABLE OrderServiceRelation ADD TeethLong bigint, ADD ID_Limit int;
CREATE TABLE simulator.payment (id int PRIMARY KEY, patient int, company int, at tds.datetime, amount tds.money, kind text, method text, payer text, policy int);
CREATE INDEX payment_at ON simulator.payment (at);
CREATE TABLE simulator.policy (id int PRIMARY KEY, patient int, kind text, payer text, granted tds.money, since date, changed_at tds.datetime);
CREATE VIEW MisGatewayPayments AS
SELECT id AS ID, patient AS ID_Patients, company AS ID_OwnCompanies, at AS PaidAt, amount AS Amount, kind AS Kind, method AS Method, payer AS Payer,
    policy AS ID_Limits, at AS ChangedAt
FROM simulator.payment;
CREATE VIEW MisGatewayLimits AS
SELECT id AS ID, patient AS ID_Patients, kind AS Kind, payer AS PayerName, 'ТЕСТ-' || id AS PolicyNumber, granted AS Granted, CAST(NULL AS tds.money) AS Used,
    since AS ValidFrom, CAST(NULL AS date) AS ValidTo, CAST(NULL AS tds.datetime) AS CancelledAt, CAST(NULL AS text) AS OverrunPayer,
    CAST(NULL AS tds.bit) AS DiscountsAllowed, CAST(NULL AS tds.bit) AS ApprovalRequired, changed_at AS ChangedAt
FROM simulator.policy;

-- the bit of TeethLong by the order of the chart, as the site's tooth_bits says it
CREATE FUNCTION simulator.mask(tooth text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT 1::bigint << (array_position(string_to_array('18,17,16,15,14,13,12,11,21,22,23,24,25,26,27,28,48,47,46,45,44,43,42,41,31,32,33,34,35,36,37,38,'
        || '55,54,53,52,51,61,62,63,64,65,85,84,83,82,81,71,72,73,74,75', ','), regexp_replace(tooth, '[^0-9]', '', 'g')) - 1)
$$;

INSERT INTO OwnCompanies (ID, Name, BranchName) VALUES (1, 'ООО «Тест-Клиника»', 'Филиал 1'), (2, 'ООО «Тест-Клиника»', 'Филиал 2');
INSERT INTO Armchairs (ID, NameArmchair, ID_OwnCompanies, Archive)
SELECT branch * 10 + 1 + n % 4, 'Кресло ' || branch || '-' || (1 + n % 4), branch, 0 FROM simulator.doctor;
INSERT INTO Persons (ID, Surname, Name) SELECT 101 + n, last_name, first_name FROM simulator.doctor;
INSERT INTO Staffs (ID_Persons, Archive) SELECT 101 + n, 0 FROM simulator.doctor;
INSERT INTO ProfessionNames (ID, NameProfession, ID_Roles, Archive) VALUES
    (1, 'Стоматолог-терапевт', 8, 0), (2, 'Стоматолог-хирург', 8, 0), (3, 'Стоматолог-ортопед', 8, 0), (4, 'Гигиенист', 8, 0);
INSERT INTO Items (ID_Staffs, ID_ProfessionNames) SELECT 101 + n, department FROM simulator.doctor;
INSERT INTO ReceptionCancelReasons (ID, Name) VALUES (1, 'Отменил пациент'), (2, 'Заболел врач'), (3, 'Не пришёл'), (4, 'Другое');

-- every fifth patient has a barter limit, every seventh a policy
INSERT INTO Persons (ID, Surname, Name, Patronymic, MobilePhone, Birthday)
SELECT 100000 + i, (ARRAY['Тестова', 'Пробова', 'Тестов', 'Пробин'])[1 + i % 4],
    (ARRAY['Анна', 'Мария', 'Иван', 'Пётр', 'Алёна', 'Ольга', 'Семён', 'Фёдор'])[1 + i % 8], 'Т' || lpad(i::text, 3, '0'),
    '8 900 ' || lpad(i::text, 7, '0'), to_char(CURRENT_DATE - (8000 + i * 37 % 14000)::int, CASE WHEN i % 2 = 0 THEN 'DD.MM.YYYY' ELSE 'YYYY-MM-DD' END)
FROM generate_series(1, (SELECT patients FROM simulator.about)) i;
INSERT INTO Patients (ID_Persons, CardNumber) SELECT ID, 'К-' || ID FROM Persons WHERE ID > 100000;
INSERT INTO simulator.policy
SELECT ID_Persons, ID_Persons, CASE WHEN ID_Persons % 5 = 0 THEN 'barter' ELSE 'insurance' END,
    CASE WHEN ID_Persons % 5 = 0 THEN 'яБартер Тест' ELSE 'СК Тест-Страх' END, CASE WHEN ID_Persons % 5 = 0 THEN 20000 ELSE 50000 END, CURRENT_DATE - 400,
    CURRENT_DATE - 20
FROM Patients WHERE ID_Persons % 5 = 0 OR (ID_Persons - 100000) % 7 = 0;

INSERT INTO ServiceCategories (ID, Name, Archive) VALUES (1, 'Терапия', 0), (2, 'Хирургия', 0), (3, 'Ортопедия', 0), (4, 'Гигиена', 0);
INSERT INTO ServiceFolders (ID, Name, ID_ServiceCategories, Archive) SELECT ID, Name, ID, 0 FROM ServiceCategories;
INSERT INTO ServiceItems (ID, Name, NotAService) SELECT 1 + n, name, CASE WHEN name LIKE '%(товар)' THEN 1 ELSE 0 END FROM simulator.service;
INSERT INTO ServiceItemContents (ID_ServiceItems, Code, ID_ServiceFoldersParent, DateTimeFrom) SELECT 1 + n, code, speciality, '2020-01-01' FROM simulator.service;
INSERT INTO ServicePriceGroups (ID, Name, Archive) VALUES (1, 'Основной', 0);
INSERT INTO ServiceItemPrices (ID, ID_ServiceItems, PriceForSalary, Price, ID_ServicePriceGroups, DateTimeFrom)
SELECT 1001 + n, 1 + n, 100, price, 1, '2020-01-01' FROM simulator.service;

-- The timetable of a week back and two weeks ahead, nine to eight; at one there is no working time.
INSERT INTO Times (ID, TimeStartValue, TimeEndValue)
SELECT n + 1, time '00:00' + n * interval '15 minutes', time '00:00' + (n + 1) * interval '15 minutes' FROM generate_series(0, 95) n;
INSERT INTO CurrentTimeTable (ID, DateOfWork, ID_Times, ID_Armchairs, ID_Staffs, IsWorkingTime, IsHeaderCell)
SELECT (day + 7) * 10000 + n * 100 + t.ID, CURRENT_DATE + day, t.ID, branch * 10 + 1 + n % 4, 101 + n, CASE WHEN t.ID IN (53, 54) THEN 0 ELSE 1 END, 0
FROM generate_series(-7, 13) day, simulator.doctor, Times t WHERE t.ID BETWEEN 37 AND 80;

-- Bills h of one to three lines; every fifth with a discount of 10 %, whose kopecks do not divide evenly. Of those of the last week the visits have cells.
CREATE TABLE simulator.head AS
SELECT h, 100001 + h * 7919 % a.patients AS patient, (h % 8)::int AS doctor, h * 2 - CASE WHEN h % 3 = 0 THEN 0 ELSE 1 END AS first_line,
    CURRENT_DATE - 1 - a.history_days + (h * a.history_days / greatest(1, (a.procedures + 1) / 2))::int + (9 + h % 9) * interval '1 hour' AS at, branch
FROM simulator.about a, generate_series(0, greatest(1, (a.procedures + 1) / 2) + 2) h JOIN simulator.doctor ON n = h % 8;
DELETE FROM simulator.head WHERE first_line >= (SELECT procedures FROM simulator.about);
INSERT INTO Receptions (ID, ID_Patients, ID_Staffs, ID_Armchairs, PlanStart, PlanEnd, DateTimeAdded, DateTimeChanged, PatientAppeared, ReceptionStarted,
                        ReceptionEnded, CheckIssued)
SELECT 2000000 + h, patient, 101 + doctor, branch * 10 + 1 + doctor % 4, at, at + interval '45 minutes', at - interval '3 days',
    CASE WHEN h % 2 = 0 THEN at - interval '1 day' END, at, at, at + interval '40 minutes', CASE WHEN h % 4 <> 3 THEN at + interval '1 hour' END
FROM simulator.head;
UPDATE CurrentTimeTable c SET ID_Receptions = x.ID
FROM (SELECT DISTINCT ON (c.DateOfWork, c.ID_Times, c.ID_Staffs) c.ID AS cell, r.ID
      FROM Receptions r JOIN CurrentTimeTable c ON c.DateOfWork = r.PlanStart::date AND c.ID_Staffs = r.ID_Staffs
          AND c.ID_Times BETWEEN extract(hour FROM r.PlanStart) * 4 + 1 AND extract(hour FROM r.PlanStart) * 4 + 3
      ORDER BY c.DateOfWork, c.ID_Times, c.ID_Staffs, r.ID) x
WHERE c.ID = x.cell;
INSERT INTO Orders (ID, ID_Receptions, ID_OwnCompanies, DateTimeOrder, DateTimeBillFormed)
SELECT 4000000 + h, 2000000 + h, branch, at, CASE WHEN h % 4 <> 3 THEN at + interval '1 hour' END FROM simulator.head;
INSERT INTO OrderServiceRelation (ID, ID_Orders, ID_ServicePrices, CountService, DiscountSum, TeethLong, ID_Limit)
SELECT 5000000 + first_line + j, 4000000 + h, 1001 + s.n, q.count, CASE WHEN h % 5 = 0 THEN s.price * q.count - round(s.price * q.count * 0.9, 2) END,
    CASE WHEN s.on_a_tooth THEN (SELECT simulator.mask(name) FROM simulator.tooth t WHERE t.n = (h + j) % (SELECT count(*) FROM simulator.tooth)) END, k.id
FROM simulator.about a, simulator.head h
CROSS JOIN LATERAL generate_series(0, (h % 3)::int) j
JOIN simulator.service s ON s.n = (h + j * 5) % (SELECT count(*) FROM simulator.service)
CROSS JOIN LATERAL (SELECT CASE WHEN (h + j) % 11 = 0 THEN 2 ELSE 1 END AS count) q
LEFT JOIN simulator.policy k ON k.patient = h.patient
WHERE first_line + j < a.procedures;
INSERT INTO simulator.payment (id, patient, company, at, amount, kind, method, payer)
SELECT 7000000 + h, h.patient, branch, h.at + interval '1 hour', x.sum, 'payment', CASE WHEN h % 2 = 0 THEN 'cash' ELSE 'card' END, 'patient'
FROM simulator.head h
JOIN (SELECT l.ID_Orders, sum(z.Price * l.CountService - coalesce(l.DiscountSum, 0))::numeric(12, 2) AS sum
      FROM OrderServiceRelation l JOIN ServiceItemPrices z ON z.ID = l.ID_ServicePrices WHERE l.ID_Limit IS NULL GROUP BY l.ID_Orders) x ON x.ID_Orders = 4000000 + h
WHERE h % 4 <> 3 AND x.sum > 0;

-- Visits to come: two a day and doctor, in their cells; a reserve every third day.
INSERT INTO Receptions (ID, ID_Patients, ID_Staffs, ID_Armchairs, PlanStart, PlanEnd, DateTimeAdded)
SELECT 9000000 + day * 100 + d.n * 4 + v.n, 100001 + (day * 51 + d.n * 6 + v.n * 3) % a.patients, 101 + d.n, branch * 10 + 1 + d.n % 4,
    CURRENT_DATE + day + v.at, CURRENT_DATE + day + v.at + interval '30 minutes', CURRENT_DATE - 2
FROM simulator.about a, generate_series(0, 10) day, simulator.doctor d, (VALUES (0, time '10:00'), (1, time '15:30')) v (n, at);
UPDATE CurrentTimeTable c SET ID_Receptions = r.ID
FROM Receptions r
WHERE r.ID >= 9000000 AND c.DateOfWork = r.PlanStart::date AND c.ID_Staffs = r.ID_Staffs
    AND c.ID_Times - 1 - (extract(hour FROM r.PlanStart) * 60 + extract(minute FROM r.PlanStart)) / 15 BETWEEN 0 AND 1;
UPDATE CurrentTimeTable SET ID_TimeReserves = 1 WHERE DateOfWork >= CURRENT_DATE AND (DateOfWork - CURRENT_DATE) % 3 = 0 AND ID_Times IN (49, 50);

INSERT INTO TreatmentPlanStages (ID, Name, "order") VALUES (1, 'Терапия', 1), (2, 'Хирургия', 2);
INSERT INTO TreatmentPlans (ID, Name, ID_Patients, ID_Staffs, DateTimeCreated, IsActive)
SELECT ID_Persons, 'План лечения', ID_Persons, 101, CURRENT_DATE - 40, 1 FROM Patients WHERE ID_Persons <= 100020;
INSERT INTO TreatmentPlanElementRelations (ID, ID_TreatmentPlans, ID_TreatmentPlanStages, ID_ServicePrices, TeethLong)
SELECT ID_Persons * 2 + n, ID_Persons, 1 + n, 1002 + n, simulator.mask('16') FROM Patients, generate_series(0, 1) n WHERE ID_Persons <= 100020;
DROP TABLE simulator.head;
