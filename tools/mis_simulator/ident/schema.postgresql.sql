-- IDENT's tables as far as public sources show them, for PostgreSQL. Names are the vendor's; what stands in no source is said so.
-- Types of SQL Server that PostgreSQL lacks are domains of the schema tds, named as there; bit is a number, so that `Archive = 0` runs on both.
CREATE SCHEMA tds;
CREATE DOMAIN tds.bit AS smallint CHECK (VALUE IN (0, 1));
CREATE DOMAIN tds.datetime AS timestamp(3);
CREATE DOMAIN tds.money AS numeric(19, 4);
CREATE DOMAIN tds.rowversion AS bytea CHECK (octet_length(VALUE) = 8);
CREATE DOMAIN tds.uniqueidentifier AS uuid;

-- One counter for the whole base, as @@DBTS is: every insert and update takes the next value.
CREATE SEQUENCE tds.dbts START 2001;
CREATE FUNCTION tds.next_rowversion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.RowVersion := decode(lpad(to_hex(nextval('tds.dbts')), 16, '0'), 'hex');
    RETURN NEW;
END
$$;

-- People. A patient and a member of staff are persons under the person's number.
CREATE TABLE Persons (
    ID integer PRIMARY KEY,
    Surname varchar(100),
    Name varchar(100),
    Patronymic varchar(100),
    MobilePhone varchar(50),
    Birthday varchar(20)                 -- a text: dd.mm.yyyy or yyyy-mm-dd
);

CREATE TABLE Patients (
    ID_Persons integer PRIMARY KEY REFERENCES Persons (ID),
    CardNumber varchar(64),
    ParentSNP varchar(300)               -- full name of the guardian
);

CREATE TABLE Staffs (
    ID_Persons integer PRIMARY KEY REFERENCES Persons (ID),
    Archive tds.bit NOT NULL
);

CREATE VIEW StaffsView AS
SELECT S.ID_Persons AS ID, N.Surname, N.Name, N.Patronymic, S.Archive
FROM Staffs S
JOIN Persons N ON N.ID = S.ID_Persons;

CREATE TABLE ProfessionNames (
    ID integer PRIMARY KEY,
    NameProfession varchar(200),
    ID_Roles integer,                    -- 7 administrator, 8 doctor, 9 director, 104 marketer, as one clinic has them
    Archive tds.bit NOT NULL
);

CREATE TABLE Items (                     -- professions of a member of staff: several rows each; no source names a key
    ID_Staffs integer REFERENCES Staffs (ID_Persons),
    ID_ProfessionNames integer REFERENCES ProfessionNames (ID)
);

-- Branches and chairs.
CREATE TABLE OwnCompanies (
    ID integer PRIMARY KEY,
    Name varchar(300),
    BranchName varchar(300)
);

CREATE TABLE Armchairs (
    ID integer PRIMARY KEY,
    NameArmchair varchar(200),
    ID_OwnCompanies integer REFERENCES OwnCompanies (ID),
    Archive tds.bit NOT NULL
);

-- Visits. Their status is read from the stamps that are not null.
CREATE TABLE ReceptionCancelReasons (    -- name of the table: inferred
    ID integer PRIMARY KEY,
    Name varchar(200)
);

CREATE TABLE Receptions (
    ID integer PRIMARY KEY,
    ID_Patients integer REFERENCES Patients (ID_Persons),
    ID_Staffs integer REFERENCES Staffs (ID_Persons),
    ID_Armchairs integer REFERENCES Armchairs (ID),
    PlanStart tds.datetime,
    PlanEnd tds.datetime,
    Comment varchar(4000),
    DateTimeAdded tds.datetime,
    DateTimeChanged tds.datetime,
    PatientAppeared tds.datetime,
    ReceptionStarted tds.datetime,
    ReceptionEnded tds.datetime,
    CheckIssued tds.datetime,
    ReceptionCanceled tds.datetime,
    ID_ReceptionCancelReasons integer REFERENCES ReceptionCancelReasons (ID)
);

-- The timetable: one cell per chair, day and quarter of an hour.
CREATE TABLE Times (
    ID integer PRIMARY KEY,
    TimeStartValue time(0) NOT NULL,
    TimeEndValue time(0) NOT NULL        -- of the day's last cell: 00:00
);

CREATE TABLE CurrentTimeTable (
    ID integer PRIMARY KEY,
    DateOfWork date NOT NULL,
    ID_Times integer NOT NULL REFERENCES Times (ID),
    ID_Armchairs integer NOT NULL REFERENCES Armchairs (ID),
    ID_Staffs integer REFERENCES Staffs (ID_Persons),
    ID_Receptions integer REFERENCES Receptions (ID),
    ID_TimeReserves integer,             -- the table of reserves is in no source
    IsWorkingTime tds.bit NOT NULL,
    IsHeaderCell tds.bit NOT NULL,
    RowVersion tds.rowversion NOT NULL
);
CREATE TRIGGER CurrentTimeTable_RowVersion BEFORE INSERT OR UPDATE ON CurrentTimeTable
FOR EACH ROW EXECUTE FUNCTION tds.next_rowversion();

-- The price list.
CREATE TABLE ServiceCategories (
    ID integer PRIMARY KEY,
    Name varchar(200),
    Archive tds.bit NOT NULL
);

CREATE TABLE ServiceFolders (
    ID integer PRIMARY KEY,
    Name varchar(200),
    ID_ServiceCategories integer REFERENCES ServiceCategories (ID),
    Archive tds.bit NOT NULL
);

CREATE TABLE ServiceItems (
    ID integer PRIMARY KEY,
    Name varchar(500),
    NotAService tds.bit NOT NULL
);

CREATE TABLE ServiceItemContents (       -- code and folder of a service, by period; no source names a key
    ID_ServiceItems integer NOT NULL REFERENCES ServiceItems (ID),
    Code varchar(50),
    ID_ServiceFoldersParent integer REFERENCES ServiceFolders (ID),
    DateTimeFrom tds.datetime NOT NULL,
    DateTimeTo tds.datetime
);

CREATE TABLE ServicePriceGroups (
    ID integer PRIMARY KEY,
    Name varchar(200),
    Archive tds.bit NOT NULL
);

CREATE TABLE ServiceItemPrices (
    ID integer PRIMARY KEY,
    ID_ServiceItems integer NOT NULL REFERENCES ServiceItems (ID),
    PriceForSalary tds.money,            -- name invented: a price for salaries is reported, and must not be taken for the patient's
    Price tds.money,
    ID_ServicePriceGroups integer REFERENCES ServicePriceGroups (ID),
    DateTimeFrom tds.datetime NOT NULL,
    DateTimeTo tds.datetime
);

-- Plans: their lines stand in TreatmentPlanElementRelations.
CREATE TABLE TreatmentPlans (
    ID integer PRIMARY KEY,
    Name varchar(300),
    ID_Patients integer REFERENCES Patients (ID_Persons),
    ID_Staffs integer REFERENCES Staffs (ID_Persons),
    DateTimeCreated tds.datetime,
    IsActive tds.bit NOT NULL
);

CREATE TABLE TreatmentPlanStages (
    ID integer PRIMARY KEY,
    Name varchar(300),
    "order" integer
);

CREATE TABLE TreatmentPlanElements (
    ID integer PRIMARY KEY,
    Name varchar(300),
    "order" integer
);

CREATE TABLE TreatmentPlanElementRelations (
    ID integer PRIMARY KEY,
    ID_TreatmentPlans integer NOT NULL REFERENCES TreatmentPlans (ID),
    ID_TreatmentPlanStages integer REFERENCES TreatmentPlanStages (ID),
    ID_TreatmentPlanElements integer REFERENCES TreatmentPlanElements (ID),
    ID_ServicePrices integer REFERENCES ServiceItemPrices (ID),
    DiscountSum tds.money,
    TeethLong bigint,                    -- a bit per tooth; which one is in no source
    AlternativeGroup integer,            -- name invented: alternatives are reported, their columns are not
    AlternativeChosen tds.bit            -- name invented
);

-- Work: the order of a visit and its lines.
CREATE TABLE Orders (
    ID integer PRIMARY KEY,
    ID_Receptions integer REFERENCES Receptions (ID),
    ID_OwnCompanies integer REFERENCES OwnCompanies (ID),
    DateTimeOrder tds.datetime,
    DateTimeBillFormed tds.datetime
);

CREATE TABLE OrderServiceRelation (
    ID integer PRIMARY KEY,
    ID_Orders integer NOT NULL REFERENCES Orders (ID),
    ID_ServicePrices integer REFERENCES ServiceItemPrices (ID),
    CountService numeric(18, 3),         -- type: in no source
    DiscountSum tds.money,
    ID_TreatmentPlanElementRelations integer REFERENCES TreatmentPlanElementRelations (ID)
);

-- No source names an index beside the keys. These are what the client itself could hardly live without, and what the fetches seek by.
CREATE INDEX Receptions_PlanStart ON Receptions (PlanStart);
CREATE INDEX Receptions_DateTimeAdded ON Receptions (DateTimeAdded);
CREATE INDEX Receptions_DateTimeChanged ON Receptions (DateTimeChanged);
CREATE INDEX Receptions_PatientAppeared ON Receptions (PatientAppeared);
CREATE INDEX Receptions_ReceptionStarted ON Receptions (ReceptionStarted);
CREATE INDEX Receptions_ReceptionEnded ON Receptions (ReceptionEnded);
CREATE INDEX Receptions_CheckIssued ON Receptions (CheckIssued);
CREATE INDEX Receptions_ReceptionCanceled ON Receptions (ReceptionCanceled);
CREATE INDEX CurrentTimeTable_DateOfWork ON CurrentTimeTable (DateOfWork);
CREATE INDEX CurrentTimeTable_ID_Receptions ON CurrentTimeTable (ID_Receptions);
CREATE INDEX CurrentTimeTable_RowVersion ON CurrentTimeTable (RowVersion);
CREATE INDEX Items_ID_Staffs ON Items (ID_Staffs);
CREATE INDEX ServiceItemContents_ID_ServiceItems ON ServiceItemContents (ID_ServiceItems, DateTimeFrom);
CREATE INDEX ServiceItemPrices_ID_ServiceItems ON ServiceItemPrices (ID_ServiceItems, DateTimeFrom);
CREATE INDEX Orders_ID_Receptions ON Orders (ID_Receptions);
CREATE INDEX Orders_DateTimeOrder ON Orders (DateTimeOrder);
CREATE INDEX Orders_DateTimeBillFormed ON Orders (DateTimeBillFormed);
CREATE INDEX OrderServiceRelation_ID_Orders ON OrderServiceRelation (ID_Orders);
CREATE INDEX TreatmentPlans_DateTimeCreated ON TreatmentPlans (DateTimeCreated);
CREATE INDEX TreatmentPlanElementRelations_ID_TreatmentPlans ON TreatmentPlanElementRelations (ID_TreatmentPlans);
