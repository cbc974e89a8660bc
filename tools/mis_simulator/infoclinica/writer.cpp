#include "writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "../clinic.hpp"
#include "sql.hpp"

namespace mis::simulator {
namespace {

std::int64_t id_of(const std::string& text) {
    return text == "<null>" ? 0 : std::strtoll(text.c_str(), nullptr, 10);
}
std::size_t doctor_index(Dialect dialect, std::int64_t id) {
    const auto index = id - doctor_id(dialect, 0);
    return index >= 0 && index < static_cast<std::int64_t>(doctors().size())
               ? static_cast<std::size_t>(index)
               : 0;
}
std::string text_or_null(const std::string& text) {
    return text.empty() ? "null" : support::quoted(text);
}
// WORKDATE, BHOUR, BMIN, FHOUR, FMIN of a visit of half an hour
int end_hour(const Visit& visit) { return visit.minute ? visit.hour + 1 : visit.hour; }
int end_minute(const Visit& visit) { return visit.minute ? 0 : 30; }

}  // namespace

Known InfoclinicaWriter::load(const KnownLimits& limits) {
    Known known;
    for (const auto& row : base_.rows(fmt::format(
             "select C.PCODE, C.FULLNAME, N.HISTID, N.AGRID from CLIENTS C left join CLHISTNUM N "
             "on N.HISTID = C.PCODE "
             "where C.PCODE < {} or C.PCODE > {} order by C.PCODE rows {}",
             id_base(dialect_) + 80'000'000, live_id_base(dialect_), limits.patients_max
         )))
        known.patients.push_back({id_of(row[0]), row[1], id_of(row[2]), id_of(row[3])});
    const auto patient_index = [&](std::int64_t id) {
        const auto found = std::lower_bound(
            known.patients.begin(), known.patients.end(), id,
            [](const Patient& p, std::int64_t wanted) { return p.id < wanted; }
        );
        return found != known.patients.end() && found->id == id ? found - known.patients.begin()
                                                                : -1;
    };
    for (const auto& row : base_.rows(fmt::format(
             "select SCHEDID, PCODE, DCODE1, cast(WORKDATE - {0} as integer), BHOUR, BMIN, "
             "CLVISIT, STARTTREAT from SCHEDULE "
             "where WORKDATE >= {0} and PCODE > 0 and TREATCODE is null order by SCHEDID desc rows "
             "{1}",
             kToday, limits.visits_max
         ))) {
        const auto patient = patient_index(id_of(row[1]));
        if (patient < 0) continue;
        const auto state = row[7] != "<null>" ? Visit::State::started
                           : row[6] == "1"    ? Visit::State::arrived
                                              : Visit::State::booked;
        known.visits.push_back(
            {id_of(row[0]), static_cast<std::size_t>(patient),
             doctor_index(dialect_, id_of(row[2])), static_cast<int>(id_of(row[3])),
             static_cast<int>(id_of(row[4])), static_cast<int>(id_of(row[5])), state}
        );
    }
    for (const auto& row : base_.rows(fmt::format(
             "select TREATCODE, PCODE, FILIAL from TREAT where TREATDATE >= {} - 3 order by "
             "TREATCODE desc rows {}",
             kToday, limits.bills_max
         ))) {
        const auto patient = patient_index(id_of(row[1]));
        if (patient < 0) continue;
        Bill bill{
            id_of(row[0]), static_cast<std::size_t>(patient), static_cast<int>(id_of(row[2])), {}};
        for (const auto& line : base_.rows(fmt::format(
                 "select ODETID, SCHCODE, cast(SCHCOUNT as integer), cast(round(SCHPRICE * 100) as "
                 "integer), ZUB from ORDERDET where ORDERNO = {}",
                 bill.id
             )))
            bill.lines.push_back(
                {id_of(line[0]), static_cast<std::size_t>(id_of(line[1]) - service_id(dialect_, 0)),
                 id_of(line[2]), id_of(line[3]), line[4] == "<null>" ? "" : line[4]}
            );
        known.bills.push_back(std::move(bill));
    }
    return known;
}

std::int64_t InfoclinicaWriter::next_id() {
    return base_.number("select gen_id(GEN_SIMULATOR, 1) from RDB$DATABASE");
}

void InfoclinicaWriter::register_patient(const Patient& patient, std::int64_t days_old) {
    const auto number = patient.id % 1'000'000;
    base_.execute(fmt::format(
        "insert into CLIENTS (PCODE, FULLNAME, LASTNAME, FIRSTNAME, MIDNAME, BDATE, POL, PHONE1, "
        "GRTYPE, CSTATUS) "
        "values ({}, '{}', 'Тестова', 'Новая', '{:03}', {} - {}, 2, '8(900){:07}', 1, 1)",
        patient.id, patient.name, number, kToday, days_old, number
    ));
    touch("CLIENTS", "insert", patient.id);
}

void InfoclinicaWriter::book(const Visit& visit, const Patient& patient, const Booking& booking) {
    const Doctor& doctor = doctors()[visit.doctor];
    // doctor -1: the real one stands in DCODE1
    base_.execute(fmt::format(
        "insert into SCHEDULE (SCHEDID, WORKDATE, BHOUR, BMIN, FHOUR, FMIN, PCODE, DCODE, DCODE1, "
        "CHID, FILIAL, AGRID, HISTID, KATEG, STATUS, "
        "TMSTATUS, EMID, COMMENT, CREATEDATE, MODIFYDATE) values ({}, {} + {}, {}, {}, {}, {}, {}, "
        "{}, {}, {}, {}, {}, {}, {}, {}, 0, 0, {}, current_timestamp, {})",
        visit.id, kToday, visit.day, visit.hour, visit.minute, end_hour(visit), end_minute(visit),
        patient.id, booking.by_second_column ? -1 : doctor_id(dialect_, visit.doctor),
        doctor_id(dialect_, visit.doctor), chair_id(doctor.branch, booking.chair), doctor.branch,
        or_null(patient.agreement), or_null(patient.policy), patient.policy ? 2 : 1,
        booking.first ? "1" : "null",
        booking.commented ? "'Тестовый комментарий к записи'" : "null",
        booking.stamped ? "current_timestamp" : "null"
    ));
    touch("SCHEDULE", "insert", visit.id);
}

void InfoclinicaWriter::move(const Visit& visit) {
    base_.execute(fmt::format(
        "update SCHEDULE set WORKDATE = {} + {}, BHOUR = {}, BMIN = {}, FHOUR = {}, FMIN = {}, "
        "MODIFYDATE = current_timestamp where SCHEDID = {}",
        kToday, visit.day, visit.hour, visit.minute, end_hour(visit), end_minute(visit), visit.id
    ));
    touch("SCHEDULE", "update", visit.id);
}

void InfoclinicaWriter::arrive(const Visit& visit) {
    base_.execute(fmt::format(
        "update SCHEDULE set CLVISIT = 1, VISITTIME = current_timestamp, MODIFYDATE = "
        "current_timestamp where SCHEDID = {}",
        visit.id
    ));
    touch("SCHEDULE", "update", visit.id);
}

void InfoclinicaWriter::start(const Visit& visit, const Patient&) {
    base_.execute(fmt::format(
        "update SCHEDULE set STARTTREAT = current_timestamp, MODIFYDATE = current_timestamp where "
        "SCHEDID = {}",
        visit.id
    ));
    touch("SCHEDULE", "update", visit.id);
}

std::string_view InfoclinicaWriter::cancel(const Visit& visit) {
    base_.execute(fmt::format("delete from SCHEDULE where SCHEDID = {}", visit.id));
    touch("SCHEDULE", "delete", visit.id);
    return "appointment.removed";
}

void InfoclinicaWriter::reserve(
    std::int64_t id, std::size_t doctor, std::size_t day, std::size_t hour
) {
    base_.execute(fmt::format(
        "insert into SCHEDULE (SCHEDID, WORKDATE, BHOUR, BMIN, FHOUR, FMIN, DCODE, DCODE1, CHID, "
        "FILIAL, TMSTATUS, EMID, CREATEDATE, MODIFYDATE) "
        "values ({0}, {1} + {2}, {3}, 0, {3}, 30, {4}, {4}, {5}, {6}, 7, 0, current_timestamp, "
        "current_timestamp)",
        id, kToday, day, hour, doctor_id(dialect_, doctor), chair_id(doctors()[doctor].branch, 1),
        doctors()[doctor].branch
    ));
    touch("SCHEDULE", "insert", id);
}

void InfoclinicaWriter::update_head(const Bill& bill, const Patient& patient) {
    const Sums sums = sums_of(bill, patient.agreement, rounding());
    const std::int64_t gross_organization = patient.agreement == kBarterAgreement ? sums.gross
                                            : patient.agreement == kInsuranceAgreement
                                                ? sums.gross / 2
                                                : 0;
    base_.execute(fmt::format(
        "update TREAT set AMOUNTCL = {}, AMOUNTJP = {}, AMOUNTCL_DISC = {}, AMOUNTJP_DISC = {} "
        "where TREATCODE = {}",
        roubles(sums.gross - gross_organization), roubles(gross_organization),
        roubles(sums.patient_owes), roubles(sums.organization_owes), bill.id
    ));
}

void InfoclinicaWriter::insert_line(
    const Bill& bill, const Line& line, const Patient& patient, std::size_t doctor
) {
    base_.execute(fmt::format(
        "insert into ORDERDET (ODETID, ORDERNO, SCHCODE, SCHCOUNT, SCHPRICE, SCHAMOUNT, PCODE, "
        "DCODE, FILIAL, ZUB) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
        line.id, bill.id, service_id(dialect_, line.service), line.quantity,
        roubles(line.price_kopecks), roubles(line.quantity * line.price_kopecks), patient.id,
        doctor_id(dialect_, doctor), bill.branch, text_or_null(line.tooth)
    ));
    touch("ORDERDET", "insert", line.id);
}

void InfoclinicaWriter::treat(const Bill& bill, const Visit& visit, const Patient& patient) {
    base_.execute(fmt::format(
        "insert into TREAT (TREATCODE, PCODE, DCODE, TREATDATE, ORDERNO, FILIAL, JID, CLINICID, "
        "HISTID, KATEG, CURSCURR, DOCTYPE, ACCESSLEVEL) "
        "values ({0}, {1}, {2}, current_timestamp, {0}, {3}, {4}, 1, {5}, {6}, 1, 1, 0)",
        bill.id, patient.id, doctor_id(dialect_, visit.doctor), bill.branch,
        or_null(patient.agreement), or_null(patient.policy), patient.policy ? 2 : 1
    ));
    touch("TREAT", "insert", bill.id);
    update_head(bill, patient);
    for (const auto& line : bill.lines) insert_line(bill, line, patient, visit.doctor);
    base_.execute(fmt::format(
        "update SCHEDULE set TREATCODE = {}, FINISHTREAT = current_timestamp, MODIFYDATE = "
        "current_timestamp where SCHEDID = {}",
        bill.id, visit.id
    ));
    touch("SCHEDULE", "update", visit.id);
}

// The clerk's pen: no stamp of any table changes.
void InfoclinicaWriter::correct_tooth(const Bill&, const Line& line) {
    base_.execute(fmt::format(
        "update ORDERDET set ZUB = {} where ODETID = {}", text_or_null(line.tooth), line.id
    ));
    touch("ORDERDET", "update", line.id);
}

void InfoclinicaWriter::correct_price(const Bill& bill, const Line& line, const Patient& patient) {
    base_.execute(fmt::format(
        "update ORDERDET set SCHPRICE = {}, SCHAMOUNT = {} where ODETID = {}",
        roubles(line.price_kopecks), roubles(line.quantity * line.price_kopecks), line.id
    ));
    update_head(bill, patient);
    touch("TREAT", "update", bill.id);
    touch("ORDERDET", "update", line.id);
}

void InfoclinicaWriter::remove_line(const Bill& bill, const Line& line, const Patient& patient) {
    base_.execute(fmt::format("delete from ORDERDET where ODETID = {}", line.id));
    touch("ORDERDET", "delete", line.id);
    update_head(bill, patient);
    touch("TREAT", "update", bill.id);
}

void InfoclinicaWriter::pay(
    std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks, Till till
) {
    base_.execute(fmt::format(
        "insert into INCOM (PAYNUM, PCODE, DCODE, PAYDATE, PAYCODE, AMOUNT, AMOUNTRUB, ORDERNO, "
        "FILIAL, MONEYCASHID, ACCESSLEVEL, MODIFYDATE) "
        "values ({}, {}, -1, current_timestamp, 1, {}, {}, {}, {}, {}, 0, current_timestamp)",
        id, patient.id, roubles(kopecks), roubles(kopecks), bill.id, bill.branch,
        till == Till::card ? kTillCard : kTillCash
    ));
    touch("INCOM", "insert", id);
}

// An advance stands twice in the base: as INCOM and as its CLAVANS twin. It is one payment.
void InfoclinicaWriter::deposit(const Patient& patient, std::int64_t kopecks) {
    const auto advance = next_id(), income = next_id();
    base_.execute(fmt::format(
        "insert into CLAVANS (ID, PCODE, PAYDATE, TYPEOPER, AVANSTYPE, AMOUNTUE, AMOUNTRUB, "
        "FILIAL, ACCESSLEVEL, MODIFYDATE) "
        "values ({0}, {1}, current_timestamp, 1, 1, {2}, {2}, 1, 0, current_timestamp)",
        advance, patient.id, roubles(kopecks)
    ));
    touch("CLAVANS", "insert", advance);
    base_.execute(fmt::format(
        "insert into INCOM (PAYNUM, PCODE, DCODE, PAYDATE, PAYCODE, AMOUNT, AMOUNTRUB, AVANSID, "
        "FILIAL, MONEYCASHID, ACCESSLEVEL, MODIFYDATE) "
        "values ({0}, {1}, -1, current_timestamp, 2, {2}, {2}, {3}, 1, {4}, 0, current_timestamp)",
        income, patient.id, roubles(kopecks), advance, int{kTillCash}
    ));
    touch("INCOM", "insert", income);
}

void InfoclinicaWriter::spend_advance(
    std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks
) {
    base_.execute(fmt::format(
        "insert into CLAVANS (ID, PCODE, PAYDATE, TYPEOPER, AVANSTYPE, TREATCODE, AMOUNTUE, "
        "AMOUNTRUB, FILIAL, ACCESSLEVEL, MODIFYDATE) "
        "values ({}, {}, current_timestamp, 1, 1, {}, {}, {}, {}, 0, current_timestamp)",
        id, patient.id, bill.id, roubles(kopecks), roubles(kopecks), bill.branch
    ));
    touch("CLAVANS", "insert", id);
}

void InfoclinicaWriter::refund(
    std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks
) {
    base_.execute(fmt::format(
        "insert into INCOM (PAYNUM, PCODE, DCODE, PAYDATE, PAYCODE, AMOUNT, AMOUNTRUB, ORDERNO, "
        "FILIAL, MONEYCASHID, ACCESSLEVEL, MODIFYDATE) "
        "values ({0}, {1}, -1, current_timestamp, 8, {2}, {2}, {3}, {4}, {5}, 0, "
        "current_timestamp)",
        id, patient.id, roubles(kopecks), bill.id, bill.branch, int{kTillCash}
    ));
    touch("INCOM", "insert", id);
}

std::string_view InfoclinicaWriter::write_off(
    std::int64_t id, const Patient& patient, std::int64_t kopecks
) {
    base_.execute(fmt::format(
        "insert into LOSECREDIT (LCID, PCODE, LCDATE, PAYCODE, AMOUNT, AMOUNTRUB, FILIAL, "
        "MODIFYDATE) "
        "values ({0}, {1}, current_timestamp, 11, {2}, {2}, 1, current_timestamp)",
        id, patient.id, roubles(kopecks)
    ));
    touch("LOSECREDIT", "insert", id);
    return "billing.payment";
}

void InfoclinicaWriter::raise_limit(const Patient& patient, std::int64_t kopecks) {
    base_.execute(fmt::format(
        "update CLHISTNUM set AMOUNTRUB = AMOUNTRUB + {}, MODIFYDATE = current_timestamp "
        "where HISTID = {}",
        roubles(kopecks), patient.policy
    ));
    touch("CLHISTNUM", "update", patient.policy);
}

}  // namespace mis::simulator
