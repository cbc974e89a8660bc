// Bills and payments: the cash desk's side of a clinic's day.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "clinic.hpp"
#include "live.hpp"
#include "live_sql.hpp"

namespace mis::simulator {
namespace {

std::string roubles(std::int64_t kopecks) {
    return fmt::format(
        "{}{}.{:02}", kopecks < 0 ? "-" : "", std::llabs(kopecks) / 100, std::llabs(kopecks) % 100
    );
}
std::int64_t half_up(std::int64_t value, std::int64_t numerator, std::int64_t denominator) {
    return (value * numerator * 2 + denominator) / (denominator * 2);
}
std::string text_or_null(const std::string& text) {
    return text.empty() ? "null" : support::quoted(text);
}

}  // namespace

Clinic::Sums Clinic::sums_of(const Bill& bill) const {
    std::int64_t gross = 0;
    for (const auto& line : bill.lines) gross += line.quantity * line.price_kopecks;
    const std::int64_t owed = half_up(gross, 100 - bill.discount_percent, 100);
    const auto agreement = patients_[bill.patient].agreement;
    const std::int64_t organization = agreement == kBarterAgreement      ? owed
                                      : agreement == kInsuranceAgreement ? owed / 2
                                                                         : 0;
    return {gross, owed - organization, organization};
}

// AMOUNTCL, AMOUNTJP, AMOUNTCL_DISC, AMOUNTJP_DISC
std::string Clinic::head_values(const Bill& bill) const {
    const auto sums = sums_of(bill);
    const auto agreement = patients_[bill.patient].agreement;
    const std::int64_t gross_organization = agreement == kBarterAgreement      ? sums.gross
                                            : agreement == kInsuranceAgreement ? sums.gross / 2
                                                                               : 0;
    return fmt::format(
        "AMOUNTCL = {}, AMOUNTJP = {}, AMOUNTCL_DISC = {}, AMOUNTJP_DISC = {}",
        roubles(sums.gross - gross_organization), roubles(gross_organization),
        roubles(sums.patient_owes), roubles(sums.organization_owes)
    );
}

void Clinic::insert_line(const Bill& bill, const Line& line, std::size_t doctor) {
    base_.execute(fmt::format(
        "insert into ORDERDET (ODETID, ORDERNO, SCHCODE, SCHCOUNT, SCHPRICE, SCHAMOUNT, PCODE, "
        "DCODE, FILIAL, ZUB) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
        line.id, bill.id, service_id(dialect_, line.service), line.quantity,
        roubles(line.price_kopecks), roubles(line.quantity * line.price_kopecks),
        patients_[bill.patient].id, doctor_id(dialect_, doctor), bill.branch,
        text_or_null(line.tooth)
    ));
    touch("ORDERDET", "insert", line.id);
}

std::string Clinic::treat() {
    auto visit = std::find_if(visits_.begin(), visits_.end(), [](const Visit& v) {
        return v.state == Visit::State::started;
    });
    if (visit == visits_.end())
        visit = std::find_if(visits_.begin(), visits_.end(), [](const Visit& v) {
            return v.state == Visit::State::arrived;
        });
    if (visit == visits_.end()) return {};
    const Patient& patient = patients_[visit->patient];
    const Doctor& doctor = doctors()[visit->doctor];
    begin();
    Bill bill{next_id(), visit->patient, doctor.branch, {}, pick(4) == 0 ? 10 : 0, 0};
    const std::size_t count = 1 + pick(3);
    for (std::size_t number = 0; number < count; ++number) {
        const std::size_t service = pick(services().size());
        bill.lines.push_back(
            {next_id(), service, pick(9) == 0 ? 2 : 1, services()[service].price_kopecks,
             services()[service].on_a_tooth ? std::string(teeth()[pick(teeth().size())]) : ""}
        );
    }
    base_.execute(fmt::format(
        "insert into TREAT (TREATCODE, PCODE, DCODE, TREATDATE, ORDERNO, FILIAL, JID, CLINICID, "
        "HISTID, KATEG, CURSCURR, DOCTYPE, ACCESSLEVEL) "
        "values ({0}, {1}, {2}, current_timestamp, {0}, {3}, {4}, 1, {5}, {6}, 1, 1, 0)",
        bill.id, patient.id, doctor_id(dialect_, visit->doctor), doctor.branch,
        or_null(patient.agreement), or_null(patient.policy), patient.policy ? 2 : 1
    ));
    touch("TREAT", "insert", bill.id);
    base_.execute(
        fmt::format("update TREAT set {} where TREATCODE = {}", head_values(bill), bill.id)
    );
    std::vector<std::string_view> expect = {"appointment.completed"};
    for (const auto& line : bill.lines) {
        insert_line(bill, line, visit->doctor);
        expect.push_back("procedure.performed");
    }
    base_.execute(fmt::format(
        "update SCHEDULE set TREATCODE = {}, FINISHTREAT = current_timestamp, MODIFYDATE = "
        "current_timestamp where SCHEDID = {}",
        bill.id, visit->id
    ));
    touch("SCHEDULE", "update", visit->id);
    const std::string what = fmt::format(
        "{}: {} lines, {} ₽", patient.name, count,
        roubles(sums_of(bill).patient_owes + sums_of(bill).organization_owes)
    );
    visits_.erase(visit);
    bills_.push_back(std::move(bill));
    if (bills_.size() > kBillsMax) bills_.erase(bills_.begin());
    return commit("treat", expect, what);
}

// The clerk's pen: no stamp of any table changes.
std::string Clinic::correct() {
    if (bills_.empty()) return {};
    Bill& bill = bills_[pick(bills_.size())];
    if (bill.lines.empty()) return {};
    Line& line = bill.lines[pick(bill.lines.size())];
    begin();
    std::string what;
    std::vector<std::string_view> expect = {"procedure.reversed", "procedure.performed"};
    if (!line.tooth.empty() && pick(2) == 0) {
        const std::string old = line.tooth;
        line.tooth = teeth()[pick(teeth().size())];
        if (old == line.tooth) expect.clear();
        base_.execute(fmt::format(
            "update ORDERDET set ZUB = {} where ODETID = {}", text_or_null(line.tooth), line.id
        ));
        what = fmt::format("tooth {} → {}", old, line.tooth);
    } else {
        line.price_kopecks += 10'050;
        base_.execute(fmt::format(
            "update ORDERDET set SCHPRICE = {}, SCHAMOUNT = {} where ODETID = {}",
            roubles(line.price_kopecks), roubles(line.quantity * line.price_kopecks), line.id
        ));
        base_.execute(
            fmt::format("update TREAT set {} where TREATCODE = {}", head_values(bill), bill.id)
        );
        touch("TREAT", "update", bill.id);
        what = fmt::format("price → {} ₽", roubles(line.price_kopecks));
    }
    touch("ORDERDET", "update", line.id);
    return commit("correct", expect, fmt::format("{}: {}", patients_[bill.patient].name, what));
}

std::string Clinic::remove_line() {
    if (bills_.empty()) return {};
    const std::size_t index = pick(bills_.size());
    Bill& bill = bills_[index];
    if (bill.lines.empty()) return {};
    begin();
    const Line line = bill.lines.back();
    bill.lines.pop_back();
    base_.execute(fmt::format("delete from ORDERDET where ODETID = {}", line.id));
    touch("ORDERDET", "delete", line.id);
    base_.execute(
        fmt::format("update TREAT set {} where TREATCODE = {}", head_values(bill), bill.id)
    );
    touch("TREAT", "update", bill.id);
    return commit(
        "unbill", {"procedure.reversed"},
        fmt::format(
            "{}: a line of {} ₽ deleted", patients_[bill.patient].name,
            roubles(line.price_kopecks)
        )
    );
}

std::int64_t Clinic::due_on(const Bill& bill) const {
    return sums_of(bill).patient_owes - bill.paid_kopecks;
}

Clinic::Bill* Clinic::newest_owed() {
    const auto bill = std::find_if(bills_.rbegin(), bills_.rend(), [&](const Bill& one) {
        return due_on(one) > 0;
    });
    return bill == bills_.rend() ? nullptr : &*bill;
}

std::string Clinic::pay() {
    Bill* const bill = newest_owed();
    if (bill == nullptr) return {};
    const std::int64_t due = due_on(*bill);
    begin();
    const auto id = next_id();
    const int till = pick(2) ? kTillCard : kTillCash;
    base_.execute(fmt::format(
        "insert into INCOM (PAYNUM, PCODE, DCODE, PAYDATE, PAYCODE, AMOUNT, AMOUNTRUB, ORDERNO, "
        "FILIAL, MONEYCASHID, ACCESSLEVEL, MODIFYDATE) "
        "values ({}, {}, -1, current_timestamp, 1, {}, {}, {}, {}, {}, 0, current_timestamp)",
        id, patients_[bill->patient].id, roubles(due), roubles(due), bill->id, bill->branch, till
    ));
    touch("INCOM", "insert", id);
    bill->paid_kopecks += due;
    return commit(
        "pay", {"billing.payment"},
        fmt::format(
            "{}: {} ₽ {}", patients_[bill->patient].name, roubles(due),
            till == kTillCard ? "by card" : "in cash"
        )
    );
}

// An advance stands twice in the base: as INCOM and as its CLAVANS twin. It is one payment.
std::string Clinic::deposit() {
    const Patient& patient = patients_[pick(patients_.size())];
    begin();
    const auto advance = next_id(), income = next_id();
    base_.execute(fmt::format(
        "insert into CLAVANS (ID, PCODE, PAYDATE, TYPEOPER, AVANSTYPE, AMOUNTUE, AMOUNTRUB, "
        "FILIAL, ACCESSLEVEL, MODIFYDATE) "
        "values ({}, {}, current_timestamp, 1, 1, 5000, 5000, 1, 0, current_timestamp)",
        advance, patient.id
    ));
    touch("CLAVANS", "insert", advance);
    base_.execute(fmt::format(
        "insert into INCOM (PAYNUM, PCODE, DCODE, PAYDATE, PAYCODE, AMOUNT, AMOUNTRUB, AVANSID, "
        "FILIAL, MONEYCASHID, ACCESSLEVEL, MODIFYDATE) "
        "values ({}, {}, -1, current_timestamp, 2, 5000, 5000, {}, 1, {}, 0, current_timestamp)",
        income, patient.id, advance, int{kTillCash}
    ));
    touch("INCOM", "insert", income);
    return commit("deposit", {"billing.payment"}, patient.name + ": 5000.00 ₽ in advance");
}

std::string Clinic::spend_advance() {
    Bill* const bill = newest_owed();
    if (bill == nullptr) return {};
    const std::int64_t due = due_on(*bill);
    begin();
    const auto id = next_id();
    base_.execute(fmt::format(
        "insert into CLAVANS (ID, PCODE, PAYDATE, TYPEOPER, AVANSTYPE, TREATCODE, AMOUNTUE, "
        "AMOUNTRUB, FILIAL, ACCESSLEVEL, MODIFYDATE) "
        "values ({}, {}, current_timestamp, 1, 1, {}, {}, {}, {}, 0, current_timestamp)",
        id, patients_[bill->patient].id, bill->id, roubles(due), roubles(due), bill->branch
    ));
    touch("CLAVANS", "insert", id);
    bill->paid_kopecks += due;
    return commit(
        "spend", {"billing.payment"},
        fmt::format("{}: {} ₽ from the advance", patients_[bill->patient].name, roubles(due))
    );
}

std::string Clinic::refund() {
    const auto bill = std::find_if(bills_.rbegin(), bills_.rend(), [](const Bill& b) {
        return b.paid_kopecks >= 100'000;
    });
    if (bill == bills_.rend()) return {};
    begin();
    const auto id = next_id();
    base_.execute(fmt::format(
        "insert into INCOM (PAYNUM, PCODE, DCODE, PAYDATE, PAYCODE, AMOUNT, AMOUNTRUB, ORDERNO, "
        "FILIAL, MONEYCASHID, ACCESSLEVEL, MODIFYDATE) "
        "values ({}, {}, -1, current_timestamp, 8, 300, 300, {}, {}, {}, 0, current_timestamp)",
        id, patients_[bill->patient].id, bill->id, bill->branch, int{kTillCash}
    ));
    touch("INCOM", "insert", id);
    bill->paid_kopecks -= 30'000;
    return commit("refund", {"billing.refund"}, patients_[bill->patient].name + ": 300.00 ₽");
}

std::string Clinic::write_off() {
    const Patient& patient = patients_[pick(patients_.size())];
    begin();
    const auto id = next_id();
    base_.execute(fmt::format(
        "insert into LOSECREDIT (LCID, PCODE, LCDATE, PAYCODE, AMOUNT, AMOUNTRUB, FILIAL, "
        "MODIFYDATE) "
        "values ({}, {}, current_timestamp, 11, 0.5, 0.5, 1, current_timestamp)",
        id, patient.id
    ));
    touch("LOSECREDIT", "insert", id);
    return commit("write off", {"billing.payment"}, patient.name + ": 0.50 ₽");
}

std::string Clinic::raise_limit() {
    const std::size_t first = pick(patients_.size());
    for (std::size_t step = 0; step < patients_.size(); ++step) {
        const Patient& patient = patients_[(first + step) % patients_.size()];
        if (!patient.policy) continue;
        begin();
        base_.execute(fmt::format(
            "update CLHISTNUM set AMOUNTRUB = AMOUNTRUB + 5000, MODIFYDATE = current_timestamp "
            "where HISTID = {}",
            patient.policy
        ));
        touch("CLHISTNUM", "update", patient.policy);
        return commit("grant", {"limit.granted"}, patient.name + ": 5000.00 ₽ more");
    }
    return {};
}

}  // namespace mis::simulator
