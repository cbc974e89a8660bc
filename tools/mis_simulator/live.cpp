#include "live.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "clinic.hpp"

namespace mis::simulator {

namespace {

constexpr std::string_view kToday = "cast(cast('today' as date) as timestamp)";
constexpr std::size_t kPatientsMax = 2000, kVisitsMax = 300,
                      kBillsMax = 200;  // what one run plays with

std::string roubles(std::int64_t kopecks) {
    return fmt::format(
        "{}{}.{:02}", kopecks < 0 ? "-" : "", std::llabs(kopecks) / 100, std::llabs(kopecks) % 100
    );
}
std::int64_t half_up(std::int64_t value, std::int64_t numerator, std::int64_t denominator) {
    return (value * numerator * 2 + denominator) / (denominator * 2);
}
std::string or_null(std::int64_t id) { return id ? std::to_string(id) : "null"; }
std::string text_or_null(const std::string& text) {
    return text.empty() ? "null" : support::quoted(text);
}
std::int64_t id_of(const std::string& text) {
    return text == "<null>" ? 0 : std::strtoll(text.c_str(), nullptr, 10);
}
std::size_t doctor_index(Dialect dialect, std::int64_t id) {
    const auto index = id - doctor_id(dialect, 0);
    return index >= 0 && index < static_cast<std::int64_t>(doctors().size())
               ? static_cast<std::size_t>(index)
               : 0;
}

}  // namespace

Clinic::Clinic(support::FirebirdWriter& base, Dialect dialect, std::uint64_t seed, Oracle& oracle)
    : base_(base), dialect_(dialect), random_(seed), oracle_(oracle) {
    load();
}

void Clinic::load() {
    for (const auto& row : base_.rows(fmt::format(
             "select C.PCODE, C.FULLNAME, N.HISTID, N.AGRID from CLIENTS C left join CLHISTNUM N "
             "on N.HISTID = C.PCODE "
             "where C.PCODE < {} or C.PCODE > {} order by C.PCODE rows {}",
             id_base(dialect_) + 80'000'000, live_id_base(dialect_), kPatientsMax
         )))
        patients_.push_back({id_of(row[0]), row[1], id_of(row[2]), id_of(row[3])});
    const auto patient_index = [&](std::int64_t id) {
        const auto found = std::lower_bound(
            patients_.begin(), patients_.end(), id,
            [](const Patient& p, std::int64_t wanted) { return p.id < wanted; }
        );
        return found != patients_.end() && found->id == id ? found - patients_.begin() : -1;
    };
    for (const auto& row : base_.rows(fmt::format(
             "select SCHEDID, PCODE, DCODE1, cast(WORKDATE - {0} as integer), BHOUR, BMIN, "
             "CLVISIT, STARTTREAT from SCHEDULE "
             "where WORKDATE >= {0} and PCODE > 0 and TREATCODE is null order by SCHEDID desc rows "
             "{1}",
             kToday, kVisitsMax
         ))) {
        const auto patient = patient_index(id_of(row[1]));
        if (patient < 0) continue;
        const auto state = row[7] != "<null>" ? Visit::State::started
                           : row[6] == "1"    ? Visit::State::arrived
                                              : Visit::State::booked;
        visits_.push_back(
            {id_of(row[0]), static_cast<std::size_t>(patient),
             doctor_index(dialect_, id_of(row[2])), static_cast<int>(id_of(row[3])),
             static_cast<int>(id_of(row[4])), static_cast<int>(id_of(row[5])), state}
        );
    }
    for (const auto& row : base_.rows(fmt::format(
             "select TREATCODE, PCODE, FILIAL from TREAT where TREATDATE >= {} - 3 order by "
             "TREATCODE desc rows {}",
             kToday, kBillsMax
         ))) {
        const auto patient = patient_index(id_of(row[1]));
        if (patient < 0) continue;
        Bill bill{id_of(row[0]),
                  static_cast<std::size_t>(patient),
                  static_cast<int>(id_of(row[2])),
                  {},
                  0,
                  0};
        for (const auto& line : base_.rows(fmt::format(
                 "select ODETID, SCHCODE, cast(SCHCOUNT as integer), cast(round(SCHPRICE * 100) as "
                 "integer), ZUB from ORDERDET where ORDERNO = {}",
                 bill.id
             )))
            bill.lines.push_back(
                {id_of(line[0]), static_cast<std::size_t>(id_of(line[1]) - service_id(dialect_, 0)),
                 id_of(line[2]), id_of(line[3]), line[4] == "<null>" ? "" : line[4]}
            );
        bills_.push_back(std::move(bill));
    }
}

std::int64_t Clinic::next_id() {
    return base_.number("select gen_id(GEN_SIMULATOR, 1) from RDB$DATABASE");
}

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

std::string Clinic::commit(
    std::string_view action, const std::vector<std::string_view>& expect, const std::string& what
) {
    base_.commit();
    oracle_.committed(action, touched_, expect);
    return fmt::format("{:<10} {}", action, what);
}

std::string Clinic::act(const std::atomic<bool>& stop) {
    struct Choice {
        std::size_t weight;
        std::string (Clinic::*run)();
    };
    static constexpr std::size_t kBookWeight = 20;
    static const std::vector<Choice> choices = {
        {3, &Clinic::register_patient},
        {8, &Clinic::move},
        {12, &Clinic::arrive},
        {8, &Clinic::start},
        {14, &Clinic::treat},
        {6, &Clinic::correct},
        {2, &Clinic::remove_line},
        {4, &Clinic::cancel},
        {11, &Clinic::pay},
        {2, &Clinic::deposit},
        {1, &Clinic::spend_advance},
        {1, &Clinic::refund},
        {1, &Clinic::write_off},
        {2, &Clinic::reserve},
        {1, &Clinic::raise_limit}};
    std::size_t all = kBookWeight;
    for (const auto& choice : choices) all += choice.weight;
    std::size_t drawn = pick(all);
    for (const auto& choice : choices) {
        if (drawn < choice.weight) {
            std::string line = (this->*choice.run)();
            if (!line.empty()) return line;
            break;  // nothing there to do it with: book instead
        }
        drawn -= choice.weight;
    }
    return book(stop);
}

void Clinic::free_time(Visit& visit) {
    visit.day = static_cast<int>(pick(100)) < 50 ? 0 : 1 + static_cast<int>(pick(12));
    visit.hour = 9 + static_cast<int>(pick(11));
    visit.minute = pick(2) ? 30 : 0;
}

std::string Clinic::book(const std::atomic<bool>& stop) {
    Visit visit{0, pick(patients_.size()), pick(doctors().size()), 0, 0, 0};
    free_time(visit);
    const Patient& patient = patients_[visit.patient];
    const Doctor& doctor = doctors()[visit.doctor];
    begin();
    visit.id = next_id();
    const bool by_second_column = pick(12) == 0;  // doctor -1: the real one stands in DCODE1
    base_.execute(fmt::format(
        "insert into SCHEDULE (SCHEDID, WORKDATE, BHOUR, BMIN, FHOUR, FMIN, PCODE, DCODE, DCODE1, "
        "CHID, FILIAL, AGRID, HISTID, KATEG, STATUS, "
        "TMSTATUS, EMID, COMMENT, CREATEDATE, MODIFYDATE) values ({}, {} + {}, {}, {}, {}, {}, {}, "
        "{}, {}, {}, {}, {}, {}, {}, {}, 0, 0, {}, current_timestamp, {})",
        visit.id, kToday, visit.day, visit.hour, visit.minute,
        visit.minute ? visit.hour + 1 : visit.hour, visit.minute ? 0 : 30, patient.id,
        by_second_column ? -1 : doctor_id(dialect_, visit.doctor),
        doctor_id(dialect_, visit.doctor),
        chair_id(doctor.branch, 1 + static_cast<int>(pick(kChairsPerBranch))), doctor.branch,
        or_null(patient.agreement), or_null(patient.policy), patient.policy ? 2 : 1,
        pick(5) == 0 ? "1" : "null", pick(6) == 0 ? "'Тестовый комментарий к записи'" : "null",
        pick(3) == 0 ? "null" : "current_timestamp"
    ));
    touch("SCHEDULE", "insert", visit.id);
    const bool slow = pick(15) == 0;  // the stamp is older than the commit by this much
    for (int waited_ms = 0; slow && waited_ms < 1500 && !stop; waited_ms += 50)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    visits_.push_back(visit);
    return commit(
        "book", {"appointment.booked"},
        fmt::format(
            "{}, in {} days at {}:{:02}{}", patient.name, visit.day, visit.hour, visit.minute,
            slow ? " (committed late)" : ""
        )
    );
}

std::string Clinic::register_patient() {
    begin();
    Patient patient{next_id(), {}, 0, 0};
    const auto number = patient.id % 1'000'000;
    patient.name = fmt::format("Тестова Новая {:03}", number);
    base_.execute(fmt::format(
        "insert into CLIENTS (PCODE, FULLNAME, LASTNAME, FIRSTNAME, MIDNAME, BDATE, POL, PHONE1, "
        "GRTYPE, CSTATUS) "
        "values ({}, '{}', 'Тестова', 'Новая', '{:03}', {} - {}, 2, '8(900){:07}', 1, 1)",
        patient.id, patient.name, number, kToday, 8000 + pick(14000), number
    ));
    touch("CLIENTS", "insert", patient.id);
    patients_.push_back(patient);
    return commit("register", {}, patient.name);
}

std::string Clinic::move() {
    if (visits_.empty()) return {};
    Visit& visit = visits_[pick(visits_.size())];
    if (visit.state != Visit::State::booked) return {};
    const Visit old = visit;
    free_time(visit);
    const bool same = old.day == visit.day && old.hour == visit.hour && old.minute == visit.minute;
    begin();
    base_.execute(fmt::format(
        "update SCHEDULE set WORKDATE = {} + {}, BHOUR = {}, BMIN = {}, FHOUR = {}, FMIN = {}, "
        "MODIFYDATE = current_timestamp where SCHEDID = {}",
        kToday, visit.day, visit.hour, visit.minute, visit.minute ? visit.hour + 1 : visit.hour,
        visit.minute ? 0 : 30, visit.id
    ));
    touch("SCHEDULE", "update", visit.id);
    return commit(
        "move",
        same ? std::vector<std::string_view>{} : std::vector<std::string_view>{"appointment.moved"},
        fmt::format(
            "{}, to {}:{:02} in {} days", patients_[visit.patient].name, visit.hour, visit.minute,
            visit.day
        )
    );
}

std::string Clinic::arrive() {
    const auto visit = std::find_if(visits_.rbegin(), visits_.rend(), [](const Visit& v) {
        return v.day == 0 && v.state == Visit::State::booked;
    });
    if (visit == visits_.rend()) return {};
    begin();
    base_.execute(fmt::format(
        "update SCHEDULE set CLVISIT = 1, VISITTIME = current_timestamp, MODIFYDATE = "
        "current_timestamp where SCHEDID = {}",
        visit->id
    ));
    touch("SCHEDULE", "update", visit->id);
    visit->state = Visit::State::arrived;
    return commit("arrive", {"appointment.arrived"}, patients_[visit->patient].name);
}

std::string Clinic::start() {
    const auto visit = std::find_if(visits_.begin(), visits_.end(), [](const Visit& v) {
        return v.state == Visit::State::arrived;
    });
    if (visit == visits_.end()) return {};
    begin();
    base_.execute(fmt::format(
        "update SCHEDULE set STARTTREAT = current_timestamp, MODIFYDATE = current_timestamp where "
        "SCHEDID = {}",
        visit->id
    ));
    touch("SCHEDULE", "update", visit->id);
    visit->state = Visit::State::started;
    return commit("start", {"appointment.started"}, patients_[visit->patient].name);
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

std::string Clinic::cancel() {
    if (visits_.empty()) return {};
    const std::size_t index = pick(visits_.size());
    if (visits_[index].state != Visit::State::booked) return {};
    begin();
    base_.execute(fmt::format("delete from SCHEDULE where SCHEDID = {}", visits_[index].id));
    touch("SCHEDULE", "delete", visits_[index].id);
    const std::string name = patients_[visits_[index].patient].name;
    visits_.erase(visits_.begin() + static_cast<std::ptrdiff_t>(index));
    return commit("cancel", {"appointment.removed"}, name + ", the row is deleted");
}

std::string Clinic::pay() {
    const auto bill = std::find_if(bills_.rbegin(), bills_.rend(), [&](const Bill& b) {
        return sums_of(b).patient_owes > b.paid_kopecks;
    });
    if (bill == bills_.rend()) return {};
    const std::int64_t due = sums_of(*bill).patient_owes - bill->paid_kopecks;
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
    const auto bill = std::find_if(bills_.rbegin(), bills_.rend(), [&](const Bill& b) {
        return sums_of(b).patient_owes > b.paid_kopecks;
    });
    if (bill == bills_.rend()) return {};
    const std::int64_t due = sums_of(*bill).patient_owes - bill->paid_kopecks;
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

std::string Clinic::reserve() {
    const std::size_t doctor = pick(doctors().size());
    begin();
    const auto id = next_id();
    const std::size_t day = 1 + pick(10), hour = 9 + pick(10);
    base_.execute(fmt::format(
        "insert into SCHEDULE (SCHEDID, WORKDATE, BHOUR, BMIN, FHOUR, FMIN, DCODE, DCODE1, CHID, "
        "FILIAL, TMSTATUS, EMID, CREATEDATE, MODIFYDATE) "
        "values ({0}, {1} + {2}, {3}, 0, {3}, 30, {4}, {4}, {5}, {6}, 7, 0, current_timestamp, "
        "current_timestamp)",
        id, kToday, day, hour, doctor_id(dialect_, doctor), chair_id(doctors()[doctor].branch, 1),
        doctors()[doctor].branch
    ));
    touch("SCHEDULE", "insert", id);
    return commit(
        "reserve", {"slots.changed"},
        fmt::format("doctor {} in {} days at {}:00", doctor + 1, day, hour)
    );
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
