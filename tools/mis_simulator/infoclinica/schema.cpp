#include "schema.hpp"

#include <string_view>

namespace mis::simulator {

namespace {

// {id} is the key type, {money} a sum, {stamp} a date with time; lines starting with "?" exist only
// in Columns::as_reported.
constexpr std::string_view kTables[] = {
    R"(create table FILIALS (
  FILID {id} not null primary key, FULLNAME varchar(255), SHORTNAME varchar(64), WEBNAME varchar(255), JID {id},
?  VIEWINWEB smallint,
  DIS_IN_SCHEDULE smallint, BOTTOMGEN {id}, TOPGEN {id}))",
    R"(create table DEPARTMENTS (
  DEPNUM {id} not null primary key, DEPNAME varchar(128), SHORTNAME varchar(64), FILIAL {id}))",
    R"(create table SPECIALITY (
  SCODE {id} not null primary key, SNAME varchar(128), DEPNUM {id}))",
    R"(create table DOCTOR (
  DCODE {id} not null primary key, FULLNAME varchar(128), DNAME varchar(64), DEPNUM {id}, FILIAL {id}, STDTYPE integer,
  PROFID {id}, CHAIR {id}, SHINTERV integer, SNILS varchar(16),
?  VIEWINSCHED smallint, VIEWINWEB smallint,
  LOCKED smallint, LOCKDATE {stamp}, MODIFYDATE {stamp}))",
    R"(create table ROOMS (
  RID {id} not null primary key, RNUM varchar(16), RNAME varchar(64), DEPNUM {id}, FILIAL {id}, JID {id}, DISDATE {stamp}))",
    R"(create table CHAIRS (
  CHID {id} not null primary key, CHNAME varchar(64), RID {id}, FILIAL {id}, SCHEDTYPE smallint, DEPNUM {id},
  SHINTERV integer, TMSTATUS integer, DISDATE {stamp}))",
    R"(create table CLGROUP (
  GRCOD {id} not null primary key, GRNAME varchar(64)))",
    R"(create table CLIENTS (
  PCODE {id} not null primary key, FULLNAME varchar(255), LASTNAME varchar(128), FIRSTNAME varchar(64), MIDNAME varchar(64),
  BDATE {stamp}, POL smallint, PHONE1 varchar(32), PHONE2 varchar(32), PHONE3 varchar(32), CLMAIL varchar(128),
  HISTNUM varchar(32), GRTYPE {id}, CSTATUS integer, TYPESTATUS integer, REFUSESMS smallint, DCODE1 {id}))",
    R"(create table CLCERTIFICATEREF (
  PCODE {id} not null primary key, AVANSTYPE integer, CNAME varchar(64)))",
    R"(create table JPERSONS (
  JID {id} not null primary key, JNAME varchar(255), SHORTNAME varchar(128), JINN varchar(16)))",
    R"(create table JPAGRTYPES (
  AGRTYPE integer not null primary key, SHORTNAME varchar(64)))",
    R"(create table JPAGREEMENT (
  AGRID {id} not null primary key, AGNUM varchar(64), AGNAME varchar(128), JID {id}, AGRTYPE integer))",
    R"(create table JPLISTS (
  LID {id} not null primary key, SHORTNAME varchar(128)))",
    R"(create table CLHISTNUM (
  HISTID {id} not null primary key, PCODE {id}, AGRID {id}, LSTID {id}, NSP varchar(64), BDATE {stamp}, FDATE {stamp},
  DATECANCEL {stamp}, MAINJID smallint, AMOUNTRUB {money}, MODIFYDATE {stamp}))",
    R"(create table SHEDMARKS (
  MRKID {id} not null primary key, MRKTEXT varchar(64)))",
    R"(create table SCHEDULE (
  SCHEDID {id} not null primary key, WORKDATE {stamp}, BHOUR integer, BMIN integer, FHOUR integer, FMIN integer,
  PCODE {id}, DCODE {id}, DCODE1 {id}, CHID {id}, CASHID {id}, FILIAL {id},
?  DEPNUM {id}, ONLINETYPE integer,
  SCHEDIDENT {id}, TREATCODE {id}, PLANID {id}, AGRID {id}, LSTID {id}, HISTID {id}, KATEG {id}, PARENTSCHEDID {id},
  CLVISIT smallint, VISITTIME {stamp}, STARTTREAT {stamp}, FINISHTREAT {stamp}, TREATCOMPLETE smallint,
  STATUS integer, TMSTATUS integer, CLCALL smallint, EMID {id}, COMMENT varchar(255),
  CREATEDATE {stamp}, CREATORID {id}, UID {id}, MODIFYDATE {stamp}))",
    R"(create table DOCTSHEDULE (
  SCHEDIDENT {id} not null primary key, DCODE {id}, WDATE {stamp}, BEGHOUR integer, BEGMIN integer, ENDHOUR integer,
  ENDMIN integer, SHINTERV integer, CHAIR {id}, DEPNUM {id}, CASHID {id}, FILIAL {id}))",
    R"(create table WSCHEMA (
  SCHID {id} not null primary key, KODOPER varchar(32), SCHNAME varchar(255), SPECCODE {id}, PARENTSCHID {id}, STRUCTID {id},
  WTYPE integer))",
    R"(create table TREAT (
  TREATCODE {id} not null primary key, PCODE {id}, DCODE {id}, TREATDATE {stamp}, ORDERNO {id}, FILIAL {id}, DEPNUM {id},
  RID {id}, CASHID {id}, JID {id}, CLINICID {id}, LSTID {id}, HISTID {id}, NSP varchar(64), KATEG {id},
  AMOUNTCL {money}, AMOUNTJP {money}, AMOUNTCL_DISC {money}, AMOUNTJP_DISC {money}, CURSCURR {money}, DOCTYPE integer,
  NARADCLOSE {stamp}, TRANSACTID {id}, PLANID {id}, ACCESSLEVEL integer,
?  CREATEDATE {stamp},
  COMMENT varchar(255)))",
    R"(create table ORDERS (
  ORDERCOD {id} not null, PCODE {id} not null, DISCOUNT {money}, DISCOUNTRUB {money}, primary key (ORDERCOD, PCODE)))",
    R"(create table ORDERDET (
  ODETID {id} not null primary key, ORDERNO {id}, SCHCODE {id}, SCHCOUNT {count}, SCHPRICE {money}, SCHAMOUNT {money},
  PCODE {id}, DCODE {id}, FILIAL {id}, ZUB varchar(32)))",
    R"(create table PAYREF (
  PAYCODE integer not null primary key, SHORTNAME varchar(64)))",
    R"(create table MONEYCASHREF (
  MONEYCASHID {id} not null primary key, MONEYCASHNAME varchar(64)))",
    R"(create table INCOM (
  PAYNUM {id} not null primary key, PCODE {id}, DCODE {id}, PAYDATE {stamp}, PAYCODE integer, AMOUNT {money},
  AMOUNTRUB {money}, ORDERNO {id}, EXTREATCODE {id}, AVANSID {id}, TRANSACTID {id}, FILIAL {id}, CASHID {id},
  MONEYCASHID {id}, PLANID {id}, CLINICID {id}, ACCESSLEVEL integer, COMMENT varchar(255), MODIFYDATE {stamp}))",
    R"(create table CLAVANS (
  ID {id} not null primary key, PCODE {id}, PCODE1 {id}, PAYDATE {stamp}, TYPEOPER integer, AVANSTYPE integer,
  CERTIFIC_NUM varchar(32), TREATCODE {id}, PLANID {id}, AMOUNTUE {money}, AMOUNTRUB {money}, FILIAL {id},
  ACCESSLEVEL integer, MODIFYDATE {stamp}))",
    R"(create table LOSECREDIT (
  LCID {id} not null primary key, PCODE {id}, LCDATE {stamp}, PAYCODE integer, AMOUNT {money}, AMOUNTRUB {money},
  TREATCODE {id}, FILIAL {id}, MODIFYDATE {stamp}))",
    R"(create table JPPAYMENTS (
  PID {id} not null primary key, PCODE {id}, PMDATE {stamp}, OPERTYPE integer, AMOUNT {money}, AMOUNTRUB {money},
  PLANID {id}, RETURN_TREATCODE {id}, FILIAL {id}, MODIFYDATE {stamp}))",
    R"(create table DAILYPLAN (
  DID {id} not null primary key, PCODE {id}, DCODE {id}, PDATE {stamp}, SUMMARUB {money}, SCHNUM varchar(32), PLANTYPE integer))",
    R"(create generator GEN_SIMULATOR)",
};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

std::string statement(std::string_view shape, Dialect dialect, Columns columns) {
    std::string text;
    for (std::size_t begin = 0; begin < shape.size();) {
        auto end = shape.find('\n', begin);
        if (end == std::string_view::npos) end = shape.size();
        auto line = shape.substr(begin, end - begin);
        begin = end + 1;
        if (line.starts_with('?')) {
            if (columns == Columns::older) continue;
            line.remove_prefix(1);
        }
        text.append(line).append(1, '\n');
    }
    replace_all(text, "{id}", dialect == Dialect::one ? "integer" : "bigint");
    replace_all(text, "{money}", "numeric(15,2)");
    replace_all(text, "{count}", "numeric(15,3)");
    replace_all(text, "{stamp}", "timestamp");  // dialect 1's own word for it is "date"
    return text;
}

}  // namespace

std::vector<std::string> schema_statements(Dialect dialect, Columns columns) {
    std::vector<std::string> statements;
    for (auto shape : kTables) statements.push_back(statement(shape, dialect, columns));
    return statements;
}

std::vector<std::string> index_statements() {
    return {
        // reported by the guide's exporters: they filter by these
        "create index SCHEDULE_WORKDATE on SCHEDULE (WORKDATE)",
        "create index SCHEDULE_MODIFYDATE on SCHEDULE (MODIFYDATE)",
        "create index SCHEDULE_CREATEDATE on SCHEDULE (CREATEDATE)",
        "create index DOCTSHEDULE_WDATE on DOCTSHEDULE (WDATE)",
        "create index TREAT_TREATDATE on TREAT (TREATDATE)",
        "create index INCOM_MODIFYDATE on INCOM (MODIFYDATE)",
        "create index CLAVANS_MODIFYDATE on CLAVANS (MODIFYDATE)",
        "create index LOSECREDIT_MODIFYDATE on LOSECREDIT (MODIFYDATE)",
        "create index JPPAYMENTS_MODIFYDATE on JPPAYMENTS (MODIFYDATE)",
        "create index CLHISTNUM_MODIFYDATE on CLHISTNUM (MODIFYDATE)",
        "create index DOCTOR_MODIFYDATE on DOCTOR (MODIFYDATE)",
        // joins that no client could live without
        "create index TREAT_ORDERNO on TREAT (ORDERNO)",
        "create index ORDERDET_ORDERNO on ORDERDET (ORDERNO)",
        "create index INCOM_AVANSID on INCOM (AVANSID)",
        "create index TREAT_PCODE on TREAT (PCODE)",
        "create index SCHEDULE_PCODE on SCHEDULE (PCODE)",
    };
}

}  // namespace mis::simulator
