-- The past of the simulated clinic in Medialog's tables, made of the tables of schema simulator. Ids of a table begin at a round number of its own; what the
-- clinic does later counts from 1000000001.
--   patients 100000 + i · visits 2000000 + h · records 3000000 + h · bills 4000000 + h · lines 5000000 + n · parts 30000000 + 2 n · movements 70000000 + 2 h

INSERT INTO SPECIALISATION VALUES (1, 'Стоматолог-терапевт'), (2, 'Стоматолог-хирург'), (3, 'Стоматолог-ортопед'), (4, 'Гигиенист');
INSERT INTO FM_DEP VALUES (1, 'СТ', 'Стоматология');
INSERT INTO MEDECINS (MEDECINS_ID, NOM, PRENOM, SPECIALISATION_ID, FM_DEP_ID, ARCHIVE, KRN_CREATE_DATE)
SELECT 101 + n, last_name, first_name, department, 1, 0, CURRENT_DATE - 400 FROM simulator.doctor;
INSERT INTO FM_ORG (FM_ORG_ID, CODE, LABEL) VALUES
    (1, 'Ф1', 'Тестовая клиника, филиал 1'), (2, 'Ф2', 'Тестовая клиника, филиал 2'), (20, 'СКТ', 'СК Тест-Страх'), (21, 'ЯБ', 'яБартер Тест');

-- every day from nine to eight, lunch at one
INSERT INTO PL_AGEND VALUES (1, 'Основная');
INSERT INTO PL_DAY (PL_DAY_ID, PL_AGEND_ID, NAME, DAY_ORDER, ENABLED, START_TIME, END_TIME, DUREE_TRANCHE) VALUES (1, 1, 'Каждый день', 1, 1, 900, 2000, 30);
INSERT INTO PL_LEG VALUES (1, 'Обед', 255);
INSERT INTO PL_INT VALUES (1, 1, 1, 1300, 1330);
INSERT INTO PL_SUBJ (PL_SUBJ_ID, NAME, MEDECINS_ID, LIEU, FM_INTORG_ID, PL_AGEND_ID1, SEMAINES, ARCHIVE)
SELECT 1 + n, last_name, 101 + n, 'Кабинет ' || (1 + n), branch, 1, 0, 0 FROM simulator.doctor;
INSERT INTO PL_EXAM (PL_EXAM_ID, NAME, DUREE) VALUES (1, 'Первичный приём', 30), (2, 'Повторный приём', 30);

INSERT INTO FM_SERVGRP VALUES (1, 'ТЕР', 'Терапия', NULL), (2, 'ХИР', 'Хирургия', NULL), (3, 'ОРТ', 'Ортопедия', NULL), (4, 'ГИГ', 'Гигиена', NULL);
INSERT INTO FM_SERV (FM_SERV_ID, CODE, LABEL, CODE_AN, FM_SERVGRP_ID, SERV_TYPE, STATE)
SELECT 301 + n, CASE WHEN code ~ '^[AАB][0-9]' THEN 'У-' || (n + 1) ELSE code END, name, CASE WHEN code ~ '^[AАB][0-9]' THEN code END, speciality,
    CASE WHEN name LIKE '%(товар)' THEN 'T' ELSE 'U' END, 'A'
FROM simulator.service;

INSERT INTO FM_CONTR (FM_CONTR_ID, FM_ORG1_ID, CODE, CONTRACTNUMBER, DATE_FROM) VALUES
    (11, 21, 'Б-1', '1/Т', CURRENT_DATE - 400), (12, 20, 'Д-1', '2/Т', CURRENT_DATE - 400);
INSERT INTO FM_CLINK (FM_CLINK_ID, FM_CONTR_ID, CODE) VALUES (11, 11, 'Бартер'), (12, 12, 'ДМС стоматология');

-- every fifth patient has a barter limit, every seventh a policy
INSERT INTO PATIENTS (PATIENTS_ID, NOM, PRENOM, PATRONYME, NE_LE, POL, MOBIL_TELEFON, E_MAIL, MEDECINS_ID, KRN_CREATE_DATE, KRN_MODIFY_DATE)
SELECT 100000 + i, (ARRAY['Тестова', 'Пробова', 'Тестов', 'Пробин'])[1 + i % 4],
    (ARRAY['Анна', 'Мария', 'Иван', 'Пётр', 'Алёна', 'Ольга', 'Семён', 'Фёдор'])[1 + i % 8], 'Т' || lpad(i::text, 3, '0'),
    CURRENT_DATE - (8000 + i * 37 % 14000)::int, CASE WHEN i % 4 < 2 THEN 1 ELSE 0 END, '8900' || lpad(i::text, 7, '0'), 'test' || i || '@example.invalid', 1,
    CURRENT_DATE - (30 + i % 300)::int, CASE WHEN i % 3 = 0 THEN CURRENT_DATE - 20 END
FROM generate_series(1, (SELECT patients FROM simulator.about)) i;
INSERT INTO FM_CLINK_PATIENTS (FM_CLINK_PATIENTS_ID, PATIENTS_ID, FM_CLINK_ID, DATE_FROM, POLICE, CANCEL, LIMIT_SUMMA, KRN_CREATE_DATE)
SELECT PATIENTS_ID, PATIENTS_ID, CASE WHEN PATIENTS_ID % 5 = 0 THEN 11 ELSE 12 END, CURRENT_DATE - 400, 'ТЕСТ-' || PATIENTS_ID, 0,
    CASE WHEN PATIENTS_ID % 5 = 0 THEN 20000 ELSE 50000 END, CURRENT_DATE - 20
FROM PATIENTS WHERE PATIENTS_ID % 5 = 0 OR (PATIENTS_ID - 100000) % 7 = 0;
INSERT INTO FM_ACCOUNT SELECT PATIENTS_ID, PATIENTS_ID, NULL FROM PATIENTS;
INSERT INTO FM_ACCOUNT VALUES (20, NULL, 20), (21, NULL, 21);
INSERT INTO FM_PAYMODE VALUES (1, 'НАЛ', 'Наличные'), (2, 'КАРТА', 'Банковская карта'), (3, 'БН', 'Безналичный перевод');
INSERT INTO METAFIELD VALUES (1, 'FM_ACCOUNT_TRAN', 'TRAN_TYPE', 3,
    E'LookupKeys=A,B,P,X,J\nLookupValues="Внесение суммы на ЛС","Возврат суммы","Оплата оказанных услуг","Внесение аванса","Оплата услуг с использованием аванса"');

-- Bills h of one to three lines; every fifth with a discount of 10 %, whose kopecks do not divide evenly.
CREATE TABLE simulator.head AS
SELECT h, 100001 + h * 7919 % a.patients AS patient, (h % 8)::int AS doctor, h * 2 - CASE WHEN h % 3 = 0 THEN 0 ELSE 1 END AS first_line,
    CURRENT_DATE - 1 - a.history_days + (h * a.history_days / greatest(1, (a.procedures + 1) / 2))::int + (9 + h % 9) * interval '1 hour' AS at
FROM simulator.about a, generate_series(0, greatest(1, (a.procedures + 1) / 2) + 2) h;
INSERT INTO MOTCONSU (MOTCONSU_ID, PATIENTS_ID, DATE_CONSULTATION, MEDECINS_ID, PLANNING_ID, FM_BILL_ID, KRN_CREATE_DATE)
SELECT 3000000 + h, patient, at, 101 + doctor, CASE WHEN at >= CURRENT_DATE - 30 THEN 2000000 + h END, 4000000 + h, at
FROM simulator.head, simulator.about WHERE first_line < procedures;
INSERT INTO FM_BILL (FM_BILL_ID, BILL_DATE, PATIENTS_ID, MEDECINS1_ID, FM_DEP_ID, MOTCONSU_ID, DATE_CREATE, KRN_CREATE_DATE)
SELECT 4000000 + h, at, patient, 101 + doctor, 1, 3000000 + h, at, at FROM simulator.head, simulator.about WHERE first_line < procedures;
INSERT INTO FM_BILLDET (FM_BILLDET_ID, FM_BILL_ID, PATIENTS_ID, FM_SERV_ID, MEDECINS_ID, CNT, PRICE, TOTAL_PRICE, DISCOUNT, PRICE_TO_PAY, FM_CLINK_ID,
                        FM_CLINK_PATIENTS_ID, DONE, CANCEL, NOMER_ZUBA, KRN_CREATE_DATE, KRN_MODIFY_DATE)
SELECT 5000000 + first_line + j, 4000000 + h, patient, 301 + s.n, 101 + doctor, q.count, s.price, s.price * q.count, CASE WHEN h % 5 = 0 THEN 10 ELSE 0 END,
    CASE WHEN h % 5 = 0 THEN round(s.price * q.count * 0.9, 2) ELSE s.price * q.count END, k.FM_CLINK_ID, k.FM_CLINK_PATIENTS_ID, 1, 0,
    CASE WHEN s.on_a_tooth THEN (SELECT name FROM simulator.tooth t WHERE t.n = (h + j) % (SELECT count(*) FROM simulator.tooth)) END,
    at, CASE WHEN h % 4 = 0 THEN at + interval '1 hour' END
FROM simulator.about a, simulator.head h
CROSS JOIN LATERAL generate_series(0, (h % 3)::int) j
JOIN simulator.service s ON s.n = (h + j * 5) % (SELECT count(*) FROM simulator.service)
CROSS JOIN LATERAL (SELECT CASE WHEN (h + j) % 11 = 0 THEN 2 ELSE 1 END AS count) q
LEFT JOIN FM_CLINK_PATIENTS k ON k.PATIENTS_ID = patient
WHERE first_line + j < a.procedures;
INSERT INTO FM_BILLDET_PAY (FM_BILLDET_PAY_ID, FM_BILLDET_ID, PATIENTS_ID, FM_ORG_ID, PRICE, CANCEL, KRN_CREATE_DATE)
SELECT 30000000 + 2 * (d.FM_BILLDET_ID - 5000000) + o.org, d.FM_BILLDET_ID, CASE WHEN o.org = 0 THEN d.PATIENTS_ID END,
    CASE WHEN o.org = 1 THEN CASE d.FM_CLINK_ID WHEN 11 THEN 21 ELSE 20 END END, o.sum, 0, d.KRN_CREATE_DATE
FROM FM_BILLDET d
CROSS JOIN LATERAL (SELECT CASE d.FM_CLINK_ID WHEN 11 THEN d.PRICE_TO_PAY WHEN 12 THEN trunc(d.PRICE_TO_PAY / 2, 2) ELSE 0 END AS org_sum) p
CROSS JOIN LATERAL (VALUES (0, d.PRICE_TO_PAY - p.org_sum), (1, p.org_sum)) o (org, sum)
WHERE o.sum <> 0;
CREATE INDEX FM_BILLDET_PAY_ORG ON FM_BILLDET_PAY (FM_ORG_ID);

-- Three in four of the patients' parts are paid: A brings the money, P pays with it. Insurers have paid what is older than three weeks.
INSERT INTO FM_ACCOUNT_TRAN (FM_ACCOUNT_TRAN_ID, FM_ACCOUNT_ID, TRAN_DATE, TRAN_SUM, TRAN_TYPE, FM_MAIN_TRAN_ID, FM_PAYMODE_ID, CASH, KRN_CREATE_DATE)
SELECT 70000000 + 2 * h + t.step, patient, at + interval '1 hour', CASE t.step WHEN 0 THEN sum ELSE -sum END, CASE t.step WHEN 0 THEN 'A' ELSE 'P' END,
    CASE t.step WHEN 1 THEN 70000000 + 2 * h END, CASE t.step WHEN 0 THEN 1 + h % 2 END, CASE WHEN t.step = 0 AND h % 2 = 0 THEN 1 ELSE 0 END, at + interval '1 hour'
FROM (SELECT h.h, h.patient, h.at, sum(p.PRICE) AS sum
      FROM simulator.head h JOIN FM_BILLDET d ON d.FM_BILL_ID = 4000000 + h.h JOIN FM_BILLDET_PAY p ON p.FM_BILLDET_ID = d.FM_BILLDET_ID AND p.FM_ORG_ID IS NULL
      WHERE h.h % 4 <> 3 GROUP BY h.h, h.patient, h.at) x, (VALUES (0), (1)) t (step);
INSERT INTO FM_PAYMENTS (FM_PAYMENTS_ID, FM_BILLDET_PAY_ID, FM_ACCOUNT_TRAN_ID, TRAN_AMOUNT, TAXE_AMOUNT, KRN_CREATE_DATE)
SELECT p.FM_BILLDET_PAY_ID, p.FM_BILLDET_PAY_ID, 70000001 + 2 * (d.FM_BILL_ID - 4000000), p.PRICE, 0, d.KRN_CREATE_DATE + interval '1 hour'
FROM FM_BILLDET_PAY p JOIN FM_BILLDET d ON d.FM_BILLDET_ID = p.FM_BILLDET_ID WHERE p.FM_ORG_ID IS NULL AND d.FM_BILL_ID % 4 <> 3;
INSERT INTO FM_ACCOUNT_TRAN (FM_ACCOUNT_TRAN_ID, FM_ACCOUNT_ID, TRAN_DATE, TRAN_SUM, TRAN_TYPE, FM_PAYMODE_ID, KRN_CREATE_DATE)
SELECT 200000000 + d.FM_BILL_ID, 20, min(d.KRN_CREATE_DATE) + interval '5 days', -sum(p.PRICE), 'P', 3, min(d.KRN_CREATE_DATE) + interval '5 days'
FROM FM_BILLDET_PAY p JOIN FM_BILLDET d ON d.FM_BILLDET_ID = p.FM_BILLDET_ID WHERE p.FM_ORG_ID = 20 AND d.KRN_CREATE_DATE < CURRENT_DATE - 21 GROUP BY d.FM_BILL_ID;
INSERT INTO FM_PAYMENTS (FM_PAYMENTS_ID, FM_BILLDET_PAY_ID, FM_ACCOUNT_TRAN_ID, TRAN_AMOUNT, TAXE_AMOUNT, KRN_CREATE_DATE)
SELECT p.FM_BILLDET_PAY_ID, p.FM_BILLDET_PAY_ID, 200000000 + d.FM_BILL_ID, p.PRICE, 0, d.KRN_CREATE_DATE + interval '5 days'
FROM FM_BILLDET_PAY p JOIN FM_BILLDET d ON d.FM_BILLDET_ID = p.FM_BILLDET_ID WHERE p.FM_ORG_ID = 20 AND d.KRN_CREATE_DATE < CURRENT_DATE - 21;

-- Visits of the bills of a month, and those to come: two a day and doctor, a reserve every third day.
INSERT INTO PLANNING (PLANNING_ID, PL_SUBJ_ID, DATE_CONS, HEURE, DUREE, DATE_START, DATE_END, PATIENTS_ID, NOM, PL_EXAM_ID, CANCELLED, STATUS, PATIENT_ARRIVEE,
                      ARRIVE_DATE, KRN_CREATE_DATE, KRN_MODIFY_DATE)
SELECT 2000000 + h, 1 + doctor, date_trunc('day', at), extract(hour FROM at)::int * 100, 45, CASE WHEN h % 3 <> 0 THEN at END,
    CASE WHEN h % 3 <> 0 THEN at + interval '45 minutes' END, patient, 'Тестова', 1 + h % 2, 0, CASE WHEN h % 2 = 0 THEN 0 END, 1, at, at - interval '3 days', at
FROM simulator.head, simulator.about WHERE at >= CURRENT_DATE - 30 AND first_line < procedures;
INSERT INTO PLANNING (PLANNING_ID, PL_SUBJ_ID, DATE_CONS, HEURE, DUREE, PATIENTS_ID, NOM, PL_EXAM_ID, CANCELLED, STATUS, KRN_CREATE_DATE)
SELECT 90000000 + day * 100 + doctor.n * 4 + v.n, 1 + doctor.n, CURRENT_DATE + day, v.hhmm, 30,
    CASE WHEN v.n < 2 THEN 100001 + (day * 51 + doctor.n * 6 + v.n * 3) % a.patients END, CASE WHEN v.n < 2 THEN 'Тестова' END, 2, 0, 0, CURRENT_DATE - 2
FROM simulator.about a, generate_series(0, 10) day, simulator.doctor, (VALUES (0, 1000), (1, 1530), (2, 1200)) v (n, hhmm)
WHERE v.n < 2 OR day % 3 = 0;

INSERT INTO PATDIREC (PATDIREC_ID, PATIENTS_ID, DIR_STATE, CANCELLED, PATDIREC_KIND, DESCRIPTION, MEDECINS_CREATOR_ID, KRN_CREATE_DATE)
SELECT PATIENTS_ID, PATIENTS_ID, 1, 0, 2, 'План лечения', 101, CURRENT_DATE - 40 FROM PATIENTS WHERE PATIENTS_ID <= 100020;
INSERT INTO DIR_SERV (DIR_SERV_ID, PATDIREC_ID, FM_SERV_ID, CNT, ZUB, ETAP, KRN_CREATE_DATE)
SELECT PATIENTS_ID * 2 + n, PATIENTS_ID, 302 + n, 1, '16', 1 + n, CURRENT_DATE - 40 FROM PATIENTS, generate_series(0, 1) n WHERE PATIENTS_ID <= 100020;
DROP TABLE simulator.head;
