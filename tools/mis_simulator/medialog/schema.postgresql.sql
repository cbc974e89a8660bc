-- Medialog's tables on PostgreSQL, as far as public sources know them: only the columns that a source names, and those that connectors/medialog probes.
-- Types are domains with the names of T-SQL's, in schema tds: `search_path = tds, public` lets a fetch run as SQL Server would run it.
-- Columns that only newer bases have, and columns that each clinic names for itself, are marked; a base without them is made by dropping them.

CREATE SCHEMA tds;
CREATE DOMAIN tds.money AS numeric(19, 4);
CREATE DOMAIN tds.datetime AS timestamp(3);
CREATE DOMAIN tds.bit AS smallint CHECK (VALUE IN (0, 1));   -- not boolean: T-SQL compares a bit with 0 and 1
CREATE DOMAIN tds.uniqueidentifier AS uuid;
CREATE DOMAIN tds.rowversion AS bytea;
SET search_path = tds, public;

-- Staff, branches

CREATE TABLE SPECIALISATION (SPECIALISATION_ID int PRIMARY KEY, NAME varchar(100));

CREATE TABLE FM_DEP (FM_DEP_ID int PRIMARY KEY, CODE varchar(20), LABEL varchar(100));

CREATE TABLE MEDDEP (MEDDEP_ID int PRIMARY KEY, FM_DEP_ID int);

CREATE TABLE MEDECINS (
    MEDECINS_ID int PRIMARY KEY, NOM varchar(50), PRENOM varchar(50), SPECIALISATION_ID int, FM_DEP_ID int, LOGIN varchar(30),
    TELEFON varchar(50), SNILS varchar(20), ARCHIVE tds.bit,
    KRN_CREATE_DATE tds.datetime, KRN_CREATE_USER_ID int, KRN_MODIFY_DATE tds.datetime, KRN_MODIFY_USER_ID int, KRN_GUID varchar(36));
CREATE INDEX MEDECINS_MODIFIED ON MEDECINS (KRN_MODIFY_DATE);

CREATE TABLE FM_ORG (
    FM_ORG_ID int PRIMARY KEY, CODE varchar(50), LABEL varchar(255), SHORT_LABEL varchar(100), ORG_TYPE char(1), PATIENTS_ID int,
    KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);

-- Patients

CREATE TABLE PATIENTS (
    PATIENTS_ID int PRIMARY KEY, NOM varchar(50), PRENOM varchar(50), PATRONYME varchar(50), NE_LE tds.datetime, POL int,
    TEL varchar(50), MOBIL_TELEFON varchar(50),              -- MOBIL_NYY elsewhere: added by the clinic
    RAB_TEL varchar(50), TELEFON_KONTAKTNOGO_LICA varchar(50), E_MAIL varchar(100), SNILS varchar(20), ARCHIVE tds.bit,
    MEDECINS_ID int NOT NULL, PL_PATGR_ID int,
    OTKUDA_UZNALI varchar(100),                              -- invented: a site's field of the advertising channel
    KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime, KRN_GUID varchar(36));
CREATE INDEX PATIENTS_MODIFIED ON PATIENTS (KRN_MODIFY_DATE);
CREATE INDEX PATIENTS_CREATED ON PATIENTS (KRN_CREATE_DATE);

-- Schedule

CREATE TABLE PL_EXAM (PL_EXAM_ID int PRIMARY KEY, NAME varchar(100), CODE varchar(20), DUREE int, COLOR int, FM_SERV_ID int, ARCHIVE tds.bit);

CREATE TABLE PL_SUBJ (
    PL_SUBJ_ID int PRIMARY KEY, NAME varchar(100), MEDECINS_ID int,   -- older bases: OWNER_TYPE and OWNER_ID only
    OWNER_TYPE int, OWNER_ID int, LIEU varchar(100), MEDDEP_ID int, SPECIALISATION_ID int, FM_INTORG_ID int, PL_EXAM_ID int,
    PL_AGEND_ID1 int, PL_AGEND_ID2 int, PL_AGEND_ID3 int, PL_AGEND_ID4 int, SEMAINES int, START_FROM tds.datetime,
    FORBID_AFTER_DATE tds.datetime, ARCHIVE tds.bit, WEB_ACCESS tds.bit);

CREATE TABLE PL_AGEND (PL_AGEND_ID int PRIMARY KEY, NAME varchar(100));

CREATE TABLE PL_DAY (
    PL_DAY_ID int PRIMARY KEY, PL_AGEND_ID int, PL_SUBJ_ID int, NAME varchar(100), DAY_ORDER int, ENABLED tds.bit, START_TIME int, END_TIME int,
    DUREE_TRANCHE int, DAY_OF_WEEK int, DAY_OF_MONTH int, DAY_MONTH int, DAY_YEAR int, DAY_WEEK int, DAY_WEEK_MONTH int, DAY_EVEN int,
    INTERVAL_WORK int, INTERVAL_OFF int, INTERVAL_STARTFROM tds.datetime, PERIOD_FROM tds.datetime, PERIOD_TO tds.datetime);
CREATE INDEX PL_DAY_AGEND ON PL_DAY (PL_AGEND_ID);

CREATE TABLE PL_LEG (PL_LEG_ID int PRIMARY KEY, NAME varchar(100), COLOR int);

CREATE TABLE PL_INT (PL_INT_ID int PRIMARY KEY, PL_DAY_ID int, PL_LEG_ID int, INT_FROM int, INT_TO int);
CREATE INDEX PL_INT_DAY ON PL_INT (PL_DAY_ID);

CREATE TABLE PL_EXCL (
    PL_EXCL_ID int PRIMARY KEY, OWNER_TYPE int, OWNER_ID int, PL_SUBJ_ID int, NAME varchar(100), EXCL_MEMO text, USE_TIME tds.bit,
    FROM_DATE tds.datetime, FROM_TIME int, TO_DATE tds.datetime, TO_TIME int, PL_LEG_ID int,
    CREATE_DATE_TIME tds.datetime, MODIFY_DATE_TIME tds.datetime, KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);

CREATE TABLE PLANNING (
    PLANNING_ID int PRIMARY KEY, PL_SUBJ_ID int NOT NULL, DATE_CONS tds.datetime NOT NULL, HEURE int NOT NULL, DUREE int NOT NULL,
    DATE_START tds.datetime, DATE_END tds.datetime,          -- newer bases
    PATIENTS_ID int, NOM varchar(100), PRENOM varchar(100), PATRONYME varchar(100), PHONE varchar(50), PL_EXAM_ID int, MOTIF text, COMMENTAIRE text,
    CANCELLED tds.bit, STATUS int, NOT_ACCEPTED tds.bit,     -- newer bases
    PATIENT_ARRIVEE tds.bit, ARRIVE_DATE tds.datetime, SOURCE_PLANNING_ID int, MEDECINS_CREATOR_ID int, MEDECINS_MODIFY_ID int,
    CREATE_DATE_TIME tds.datetime, MODIFY_DATE_TIME tds.datetime, KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX PLANNING_DATE ON PLANNING (DATE_CONS);
CREATE INDEX PLANNING_MODIFIED ON PLANNING (KRN_MODIFY_DATE);
CREATE INDEX PLANNING_CREATED ON PLANNING (KRN_CREATE_DATE);

-- Services, medical records, bills

CREATE TABLE FM_SERVGRP (FM_SERVGRP_ID int PRIMARY KEY, CODE varchar(50), LABEL varchar(255), PARENT int);

CREATE TABLE FM_SERV (
    FM_SERV_ID int PRIMARY KEY, CODE varchar(50), LABEL varchar(500), CODE_AN varchar(50), CODE_AN2 varchar(50), FM_SERVGRP_ID int,
    SERV_TYPE char(1), STATE char(1), KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);

CREATE TABLE MOTCONSU (
    MOTCONSU_ID int PRIMARY KEY, PATIENTS_ID int, DATE_CONSULTATION tds.datetime, MEDECINS_ID int, PLANNING_ID int, FM_BILL_ID int, REC_STATUS char(1),
    KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX MOTCONSU_PLANNING ON MOTCONSU (PLANNING_ID);

CREATE TABLE FM_BILL (
    FM_BILL_ID int PRIMARY KEY, BILL_DATE tds.datetime, PATIENTS_ID int, MEDECINS1_ID int, MEDECINS2_ID int, MEDECINS_CREATE_ID int, FM_DEP_ID int,
    FM_ORG_ID int, MOTCONSU_ID int, DATE_CREATE tds.datetime, KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX FM_BILL_DATE ON FM_BILL (BILL_DATE);
CREATE INDEX FM_BILL_MOTCONSU ON FM_BILL (MOTCONSU_ID);

CREATE TABLE FM_BILLDET (
    FM_BILLDET_ID int PRIMARY KEY, FM_BILL_ID int, PATIENTS_ID int, FM_SERV_ID int, MEDECINS_ID int, CNT numeric(10, 3), PRICE tds.money,
    TOTAL_PRICE tds.money, DISCOUNT tds.money, ORG_FIXED_AMOUNT tds.money, PRICE_TO_PAY tds.money, PRICE_PAT tds.money, FM_PRICETYPE_ID int,
    FM_DEVISE_ID int, FM_CLINK_ID int, FM_CLINK_PATIENTS_ID int, FM_ORG1_ID int, ORG1_PERC numeric(5, 2), DONE tds.bit, CANCEL tds.bit,
    FREE_PAY tds.bit, BLOCKED tds.bit,
    NOMER_ZUBA varchar(20),                                  -- invented: a site's field of the tooth
    DATE_CREATE tds.datetime, DATE_MODIFY tds.datetime, KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX FM_BILLDET_BILL ON FM_BILLDET (FM_BILL_ID);
CREATE INDEX FM_BILLDET_MODIFIED ON FM_BILLDET (KRN_MODIFY_DATE);
CREATE INDEX FM_BILLDET_CREATED ON FM_BILLDET (KRN_CREATE_DATE);

-- Who pays

CREATE TABLE FM_CONTR (
    FM_CONTR_ID int PRIMARY KEY, FM_ORG1_ID int, CODE varchar(50), CONTRACTNUMBER varchar(50), DATE_FROM tds.datetime, DATE_TO tds.datetime,
    DEPOSIT tds.bit, KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);

CREATE TABLE FM_CLINK (FM_CLINK_ID int PRIMARY KEY, FM_CONTR_ID int, CODE varchar(100), KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);

CREATE TABLE FM_CLINK_PATIENTS (
    FM_CLINK_PATIENTS_ID int PRIMARY KEY, PATIENTS_ID int, FM_CLINK_ID int, DATE_FROM tds.datetime, DATE_TO tds.datetime, POLICE varchar(50),
    CANCEL tds.bit, DATE_CANCEL tds.datetime, MEDECINS_ID int, DATE_CREATE tds.datetime,
    LIMIT_SUMMA tds.money,                                   -- invented: a site's field of the limit
    KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX FM_CLINK_PATIENTS_PATIENT ON FM_CLINK_PATIENTS (PATIENTS_ID);
CREATE INDEX FM_CLINK_PATIENTS_MODIFIED ON FM_CLINK_PATIENTS (KRN_MODIFY_DATE);
CREATE INDEX FM_CLINK_PATIENTS_CREATED ON FM_CLINK_PATIENTS (KRN_CREATE_DATE);

CREATE TABLE FM_INVOICE (
    FM_INVOICE_ID int PRIMARY KEY, PATIENTS_ID int, FM_ORG_ID int,
    INVOICE_STATE char(1),                                   -- name of an import's parameter: the column is asked of METAFIELD
    KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);

CREATE TABLE FM_BILLDET_PAY (
    FM_BILLDET_PAY_ID int PRIMARY KEY, FM_BILLDET_ID int, PATIENTS_ID int, FM_ORG_ID int, PRICE tds.money, INVOICE_AMOUNT tds.money,
    FM_INVOICE_ID int, CANCEL tds.bit, KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX FM_BILLDET_PAY_LINE ON FM_BILLDET_PAY (FM_BILLDET_ID);

-- Money

CREATE TABLE FM_PAYMODE (FM_PAYMODE_ID int PRIMARY KEY, CODE varchar(20), LABEL varchar(100));

CREATE TABLE FM_ACCOUNT (FM_ACCOUNT_ID int PRIMARY KEY, PATIENTS_ID int, FM_ORG_ID int);

CREATE TABLE FM_ACCOUNT_TRAN (
    FM_ACCOUNT_TRAN_ID int PRIMARY KEY, FM_ACCOUNT_ID int, TRAN_DATE tds.datetime, TRAN_SUM tds.money, TRAN_TYPE char(1), FM_MAIN_TRAN_ID int,
    FM_PAYMODE_ID int, FM_CONTR_ID int, FM_TRAN_CREDIT_ID int, WRITTEN_OFF tds.bit, CASH tds.bit, ECR_NUM varchar(20), MEDECINS_ID int,
    FM_DEP_ID int, KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX FM_ACCOUNT_TRAN_DATE ON FM_ACCOUNT_TRAN (TRAN_DATE);
CREATE INDEX FM_ACCOUNT_TRAN_MODIFIED ON FM_ACCOUNT_TRAN (KRN_MODIFY_DATE);
CREATE INDEX FM_ACCOUNT_TRAN_CREATED ON FM_ACCOUNT_TRAN (KRN_CREATE_DATE);

CREATE TABLE FM_PAYMENTS (
    FM_PAYMENTS_ID int PRIMARY KEY, FM_BILLDET_PAY_ID int, FM_ACCOUNT_TRAN_ID int, FM_INVOICE_ID int, TRAN_AMOUNT tds.money, TAXE_AMOUNT tds.money,
    KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX FM_PAYMENTS_MODIFIED ON FM_PAYMENTS (KRN_MODIFY_DATE);
CREATE INDEX FM_PAYMENTS_CREATED ON FM_PAYMENTS (KRN_CREATE_DATE);
CREATE INDEX FM_PAYMENTS_TRAN ON FM_PAYMENTS (FM_ACCOUNT_TRAN_ID);

-- Orders: what a treatment plan is read from

CREATE TABLE PATDIREC (
    PATDIREC_ID int PRIMARY KEY, PATIENTS_ID int, MOTCONSU_ID int, PL_EXAM_ID int, PLANNING_ID int, DIR_STATE int, CANCELLED tds.bit,
    BEGIN_DATE_TIME tds.datetime, END_DATE_TIME tds.datetime, PATDIREC_KIND int, DESCRIPTION text, MEDECINS_CREATOR_ID int,
    KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX PATDIREC_MODIFIED ON PATDIREC (KRN_MODIFY_DATE);
CREATE INDEX PATDIREC_CREATED ON PATDIREC (KRN_CREATE_DATE);

CREATE TABLE DIR_SERV (
    DIR_SERV_ID int PRIMARY KEY, PATDIREC_ID int, FM_SERV_ID int, CNT numeric(10, 3), FREE_PAY tds.bit, PATIENTS_ID int,
    ZUB varchar(20), ETAP int,                               -- invented: a site's fields of tooth and stage
    KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX DIR_SERV_ORDER ON DIR_SERV (PATDIREC_ID);
CREATE INDEX DIR_SERV_MODIFIED ON DIR_SERV (KRN_MODIFY_DATE);
CREATE INDEX DIR_SERV_CREATED ON DIR_SERV (KRN_CREATE_DATE);

CREATE TABLE DIR_ANSW (
    DIR_ANSW_ID int PRIMARY KEY, PATDIREC_ID int, ANSW_STATE int, PLANE_DATE tds.datetime, COMPLETED_DATE tds.datetime, FM_BILL_ID int,
    KRN_CREATE_DATE tds.datetime, KRN_MODIFY_DATE tds.datetime);
CREATE INDEX DIR_ANSW_ORDER ON DIR_ANSW (PATDIREC_ID);
CREATE INDEX DIR_ANSW_BILL ON DIR_ANSW (FM_BILL_ID);

-- Metadata and traces

CREATE TABLE METAFIELD (
    METAFIELD_ID int PRIMARY KEY, TABLE_NAME varchar(64), FIELD_NAME varchar(64), DATATYPE int, CUSTOM text);

CREATE TABLE KRN_SYS_TRACE_LOG (
    KRN_SYS_TRACE_LOG_ID int PRIMARY KEY, TABLE_NAME varchar(64), REC_ID int, USER_ID int, DATE_CHANGE tds.datetime, ACTION varchar(10));

CREATE TABLE KRN_SYS_DELETE_TRACE (                          -- only DATE_DELETE is public; table and record are invented
    KRN_SYS_DELETE_TRACE_ID int PRIMARY KEY, TABLE_NAME varchar(64), REC_ID int, DATE_DELETE tds.datetime);
CREATE INDEX KRN_SYS_DELETE_TRACE_DATE ON KRN_SYS_DELETE_TRACE (DATE_DELETE);
