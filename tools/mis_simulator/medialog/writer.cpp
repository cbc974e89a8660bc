#include "writer.hpp"

#include <fmt/format.h>

#include "../clinic.hpp"

namespace mis::simulator {
namespace {

constexpr int kInsurer = 20, kBarterPartner = 21;  // FM_ORG_ID, and FM_ACCOUNT_ID of their accounts
constexpr int kCashMode = 1, kCardMode = 2, kTransferMode = 3;

std::int64_t medecin(std::size_t doctor) { return 101 + static_cast<std::int64_t>(doctor); }
std::int64_t schedule(std::size_t doctor) { return 1 + static_cast<std::int64_t>(doctor); }
std::int64_t service_row(std::size_t service) { return 301 + static_cast<std::int64_t>(service); }
int hhmm(const Visit& visit) { return visit.hour * 100 + visit.minute; }
// Some clients' edits go past the triggers.
std::string stamp(std::int64_t id) {
    return id % 4 == 0 ? "" : fmt::format(", KRN_MODIFY_DATE = {}", kNow);
}

}  // namespace

Known MedialogWriter::load(const KnownLimits& limits) {
    Known known;
    for (const auto& row : base_.rows(fmt::format(
             "select P.PATIENTS_ID, P.NOM || ' ' || coalesce(P.PRENOM, '') || ' ' || "
             "coalesce(P.PATRONYME, ''), N.FM_CLINK_PATIENTS_ID, N.FM_CLINK_ID from PATIENTS P "
             "left join FM_CLINK_PATIENTS N on N.FM_CLINK_PATIENTS_ID = P.PATIENTS_ID "
             "order by P.PATIENTS_ID limit {}",
             limits.patients_max
         )))
        known.patients.push_back({id_of(row[0]), row[1].value_or(""), id_of(row[2]), id_of(row[3])}
        );
    for (const auto& row : base_.rows(fmt::format(
             "select A.PLANNING_ID, A.PATIENTS_ID, A.PL_SUBJ_ID, A.DATE_CONS::date - current_date, "
             "A.HEURE, A.PATIENT_ARRIVEE, M.MOTCONSU_ID from PLANNING A left join MOTCONSU M on "
             "M.PLANNING_ID = A.PLANNING_ID where A.DATE_CONS >= current_date and A.PATIENTS_ID is "
             "not null and coalesce(A.CANCELLED, 0) = 0 and coalesce(A.STATUS, 0) = 0 and not "
             "exists "
             "(select from FM_BILL B where B.MOTCONSU_ID = M.MOTCONSU_ID) order by A.PLANNING_ID "
             "desc limit {}",
             limits.visits_max
         ))) {
        const auto patient = find_patient(known.patients, id_of(row[1]));
        if (patient < 0) continue;
        const auto at = static_cast<int>(id_of(row[4]));
        const auto state = row[6]               ? Visit::State::started
                           : id_of(row[5]) == 1 ? Visit::State::arrived
                                                : Visit::State::booked;
        known.visits.push_back(
            {id_of(row[0]), static_cast<std::size_t>(patient),
             static_cast<std::size_t>(id_of(row[2]) - schedule(0)), static_cast<int>(id_of(row[3])),
             at / 100, at % 100, state}
        );
    }
    for (const auto& row : base_.rows(fmt::format(
             "select B.FM_BILL_ID, B.PATIENTS_ID, S.FM_INTORG_ID, "
             "(select max(D.DISCOUNT)::int from FM_BILLDET D where D.FM_BILL_ID = B.FM_BILL_ID), "
             "(select (sum(case when Y.FM_ORG_ID is null then F.TRAN_AMOUNT end) * 100)::bigint "
             "from "
             "FM_PAYMENTS F join FM_BILLDET_PAY Y on Y.FM_BILLDET_PAY_ID = F.FM_BILLDET_PAY_ID "
             "join "
             "FM_BILLDET D on D.FM_BILLDET_ID = Y.FM_BILLDET_ID where D.FM_BILL_ID = "
             "B.FM_BILL_ID), "
             "(select count(*) from FM_PAYMENTS F join FM_BILLDET_PAY Y on Y.FM_BILLDET_PAY_ID = "
             "F.FM_BILLDET_PAY_ID join FM_BILLDET D on D.FM_BILLDET_ID = Y.FM_BILLDET_ID where "
             "D.FM_BILL_ID = B.FM_BILL_ID and Y.FM_ORG_ID is not null) "
             "from FM_BILL B join PL_SUBJ S on S.MEDECINS_ID = B.MEDECINS1_ID "
             "where B.BILL_DATE >= current_date - 3 order by B.FM_BILL_ID desc limit {}",
             limits.bills_max
         ))) {
        const auto patient = find_patient(known.patients, id_of(row[1]));
        if (patient < 0) continue;
        Bill bill{
            id_of(row[0]),
            static_cast<std::size_t>(patient),
            static_cast<int>(id_of(row[2])),
            {},
            static_cast<int>(id_of(row[3])),
            id_of(row[4]),
            id_of(row[5]) > 0};
        for (const auto& line : base_.rows(fmt::format(
                 "select FM_BILLDET_ID, FM_SERV_ID, CNT::int, (PRICE * 100)::bigint, NOMER_ZUBA "
                 "from FM_BILLDET where FM_BILL_ID = {} and coalesce(CANCEL, 0) = 0",
                 bill.id
             )))
            bill.lines.push_back(
                {id_of(line[0]), static_cast<std::size_t>(id_of(line[1]) - service_row(0)),
                 id_of(line[2]), id_of(line[3]), line[4].value_or("")}
            );
        known.bills.push_back(std::move(bill));
    }
    return known;
}

void MedialogWriter::trace(std::string_view table, std::int64_t row) {
    const auto id = next_id();
    base_.execute(fmt::format(
        "insert into KRN_SYS_DELETE_TRACE (KRN_SYS_DELETE_TRACE_ID, TABLE_NAME, REC_ID, "
        "DATE_DELETE) values ({}, '{}', {}, {})",
        id, table, row, kNow
    ));
    touch("KRN_SYS_DELETE_TRACE", "insert", id);
}

void MedialogWriter::register_patient(const Patient& patient, std::int64_t days_old) {
    const auto number = patient.id % 10'000'000;
    base_.execute(fmt::format(
        "insert into PATIENTS (PATIENTS_ID, NOM, PRENOM, PATRONYME, NE_LE, POL, MOBIL_TELEFON, "
        "MEDECINS_ID, KRN_CREATE_DATE) values ({0}, 'Тестова', 'Новая', 'Т{1:03}', current_date - "
        "{2}, "
        "1, '8(900){1:07}', 1, {3});"
        "insert into FM_ACCOUNT (FM_ACCOUNT_ID, PATIENTS_ID) values ({0}, {0})",
        patient.id, number, days_old, kNow
    ));
    touch("PATIENTS", "insert", patient.id);
}

void MedialogWriter::book(const Visit& visit, const Patient& patient, const Booking& booking) {
    // by_second_column: an older client, which writes neither begin nor end
    base_.execute(fmt::format(
        "insert into PLANNING (PLANNING_ID, PL_SUBJ_ID, DATE_CONS, HEURE, DUREE, DATE_START, "
        "DATE_END, PATIENTS_ID, NOM, PL_EXAM_ID, COMMENTAIRE, CANCELLED, STATUS, NOT_ACCEPTED, "
        "KRN_CREATE_DATE, KRN_MODIFY_DATE) values ({}, {}, current_date + {}, {}, 30, {}, {}, {}, "
        "'Тестова', {}, {}, 0, {}, 0, {}, {})",
        visit.id, schedule(visit.doctor), visit.day, hhmm(visit),
        booking.by_second_column ? "null" : starts_at(visit),
        booking.by_second_column ? "null" : starts_at(visit) + " + interval '30 minutes'",
        patient.id, booking.first ? 1 : 2,
        booking.commented ? "'Тестовый комментарий к записи'" : "null",
        booking.first ? "null" : "0", kNow, booking.stamped ? kNow : "null"
    ));
    touch("PLANNING", "insert", visit.id);
}

void MedialogWriter::move(const Visit& visit) {
    base_.execute(fmt::format(
        "update PLANNING set DATE_CONS = current_date + {0}, HEURE = {1}, DATE_START = case when "
        "DATE_START is not null then {2} end, DATE_END = case when DATE_END is not null then {2} + "
        "interval '30 minutes' end, DUREE = 30{3} where PLANNING_ID = {4}",
        visit.day, hhmm(visit), starts_at(visit), stamp(visit.id), visit.id
    ));
    touch("PLANNING", "update", visit.id);
}

void MedialogWriter::arrive(const Visit& visit) {
    base_.execute(fmt::format(
        "update PLANNING set PATIENT_ARRIVEE = 1, ARRIVE_DATE = {0}, KRN_MODIFY_DATE = {0} where "
        "PLANNING_ID = {1}",
        kNow, visit.id
    ));
    touch("PLANNING", "update", visit.id);
}

// The doctor opens the record of the visit.
void MedialogWriter::start(const Visit& visit, const Patient& patient) {
    const auto id = next_id();
    base_.execute(fmt::format(
        "insert into MOTCONSU (MOTCONSU_ID, PATIENTS_ID, DATE_CONSULTATION, MEDECINS_ID, "
        "PLANNING_ID, KRN_CREATE_DATE) values ({}, {}, {}, {}, {}, {})",
        id, patient.id, kNow, medecin(visit.doctor), visit.id, kNow
    ));
    touch("MOTCONSU", "insert", id);
}

// Three ways: marked, deleted with a trace, deleted without one.
std::string_view MedialogWriter::cancel(const Visit& visit) {
    if (visit.id % 3 == 0) {
        base_.execute(fmt::format(
            "update PLANNING set CANCELLED = 1, KRN_MODIFY_DATE = {} where PLANNING_ID = {}", kNow,
            visit.id
        ));
        touch("PLANNING", "update", visit.id);
        return "appointment.cancelled";
    }
    base_.execute(fmt::format("delete from PLANNING where PLANNING_ID = {}", visit.id));
    touch("PLANNING", "delete", visit.id);
    if (visit.id % 3 == 1) trace("PLANNING", visit.id);
    return "appointment.removed";
}

void MedialogWriter::reserve(
    std::int64_t id, std::size_t doctor, std::size_t day, std::size_t hour
) {
    base_.execute(fmt::format(
        "insert into PLANNING (PLANNING_ID, PL_SUBJ_ID, DATE_CONS, HEURE, DUREE, MOTIF, STATUS, "
        "KRN_CREATE_DATE) values ({}, {}, current_date + {}, {}, 30, 'резерв', 0, {})",
        id, schedule(doctor), day, hour * 100, kNow
    ));
    touch("PLANNING", "insert", id);
}

void MedialogWriter::insert_parts(const Bill& bill, const Line& line, const Patient& patient) {
    const Sums sums = sums_of(line, bill.discount_percent, patient.agreement);
    const auto part = [&](const std::string& owner, std::int64_t kopecks) {
        const auto id = next_id();
        base_.execute(fmt::format(
            "insert into FM_BILLDET_PAY (FM_BILLDET_PAY_ID, FM_BILLDET_ID, PATIENTS_ID, FM_ORG_ID, "
            "PRICE, CANCEL, KRN_CREATE_DATE) values ({}, {}, {}, {}, 0, {})",
            id, line.id, owner, roubles(kopecks), kNow
        ));
        touch("FM_BILLDET_PAY", "insert", id);
    };
    if (sums.patient_owes != 0) part(fmt::format("{}, null", patient.id), sums.patient_owes);
    if (sums.organization_owes != 0)
        part(
            fmt::format(
                "null, {}", patient.agreement == kBarterAgreement ? kBarterPartner : kInsurer
            ),
            sums.organization_owes
        );
}

void MedialogWriter::insert_line(
    const Bill& bill, const Line& line, const Patient& patient, std::int64_t doctor
) {
    const Sums sums = sums_of(line, bill.discount_percent, patient.agreement);
    base_.execute(fmt::format(
        "insert into FM_BILLDET (FM_BILLDET_ID, FM_BILL_ID, PATIENTS_ID, FM_SERV_ID, MEDECINS_ID, "
        "CNT, PRICE, TOTAL_PRICE, DISCOUNT, PRICE_TO_PAY, FM_CLINK_ID, FM_CLINK_PATIENTS_ID, DONE, "
        "CANCEL, FREE_PAY, BLOCKED, NOMER_ZUBA, KRN_CREATE_DATE) values ({}, {}, {}, {}, {}, {}, "
        "{}, "
        "{}, {}, {}, {}, {}, 1, 0, 0, 0, {}, {})",
        line.id, bill.id, patient.id, service_row(line.service), doctor, line.quantity,
        roubles(line.price_kopecks), roubles(sums.gross), bill.discount_percent,
        roubles(sums.owed()), or_null(patient.agreement), or_null(patient.policy),
        text_or_null(line.tooth), kNow
    ));
    touch("FM_BILLDET", "insert", line.id);
    insert_parts(bill, line, patient);
}

void MedialogWriter::treat(const Bill& bill, const Visit& visit, const Patient& patient) {
    if (visit.state != Visit::State::started) start(visit, patient);
    base_.execute(fmt::format(
        "insert into FM_BILL (FM_BILL_ID, BILL_DATE, PATIENTS_ID, MEDECINS1_ID, FM_DEP_ID, "
        "MOTCONSU_ID, DATE_CREATE, KRN_CREATE_DATE) values ({0}, {1}, {2}, {3}, 1, (select "
        "max(MOTCONSU_ID) from MOTCONSU where PLANNING_ID = {4}), {1}, {1})",
        bill.id, kNow, patient.id, medecin(visit.doctor), visit.id
    ));
    touch("FM_BILL", "insert", bill.id);
    for (const auto& line : bill.lines) {
        insert_line(bill, line, patient, medecin(visit.doctor));
        if (line.plan_item == 0) continue;
        const auto answer = next_id();
        base_.execute(fmt::format(
            "insert into DIR_ANSW (DIR_ANSW_ID, PATDIREC_ID, ANSW_STATE, COMPLETED_DATE, "
            "FM_BILL_ID, KRN_CREATE_DATE) select {}, PATDIREC_ID, 1, {}, {}, {} from DIR_SERV "
            "where "
            "DIR_SERV_ID = {}",
            answer, kNow, bill.id, kNow, line.plan_item
        ));
        touch("DIR_ANSW", "insert", answer);
    }
}

// The clerk's pen: no stamp of any table changes.
void MedialogWriter::correct_tooth(const Bill&, const Line& line) {
    base_.execute(fmt::format(
        "update FM_BILLDET set NOMER_ZUBA = {} where FM_BILLDET_ID = {}", text_or_null(line.tooth),
        line.id
    ));
    touch("FM_BILLDET", "update", line.id);
}

// The parts keep their ids, so that what was paid of them stays theirs.
void MedialogWriter::correct_price(const Bill& bill, const Line& line, const Patient& patient) {
    const Sums sums = sums_of(line, bill.discount_percent, patient.agreement);
    base_.execute(fmt::format(
        "update FM_BILLDET set PRICE = {0}, TOTAL_PRICE = {1}, PRICE_TO_PAY = {2} where "
        "FM_BILLDET_ID = {5};"
        "update FM_BILLDET_PAY set PRICE = case when FM_ORG_ID is null then {3} else {4} end where "
        "FM_BILLDET_ID = {5}",
        roubles(line.price_kopecks), roubles(sums.gross), roubles(sums.owed()),
        roubles(sums.patient_owes), roubles(sums.organization_owes), line.id
    ));
    touch("FM_BILLDET", "update", line.id);
    touch("FM_BILLDET_PAY", "update", line.id);
}

void MedialogWriter::delete_line(std::int64_t line) {
    base_.execute(fmt::format(
        "delete from FM_PAYMENTS where FM_BILLDET_PAY_ID in (select FM_BILLDET_PAY_ID from "
        "FM_BILLDET_PAY where FM_BILLDET_ID = {0});"
        "delete from FM_BILLDET_PAY where FM_BILLDET_ID = {0};"
        "delete from FM_BILLDET where FM_BILLDET_ID = {0}",
        line
    ));
    touch("FM_BILLDET", "delete", line);
}

// Cancelled without a stamp, deleted with a trace, deleted without one.
void MedialogWriter::remove_line(const Bill&, const Line& line, const Patient&) {
    if (line.id % 3 == 0) {
        base_.execute(
            fmt::format("update FM_BILLDET set CANCEL = 1 where FM_BILLDET_ID = {}", line.id)
        );
        touch("FM_BILLDET", "update", line.id);
        return;
    }
    delete_line(line.id);
    if (line.id % 3 == 1) trace("FM_BILLDET", line.id);
}

void MedialogWriter::movement(
    std::int64_t id, std::int64_t account, std::int64_t kopecks, char type, int mode,
    std::int64_t main
) {
    base_.execute(fmt::format(
        "insert into FM_ACCOUNT_TRAN (FM_ACCOUNT_TRAN_ID, FM_ACCOUNT_ID, TRAN_DATE, TRAN_SUM, "
        "TRAN_TYPE, FM_MAIN_TRAN_ID, FM_PAYMODE_ID, CASH, KRN_CREATE_DATE) values ({}, {}, {}, {}, "
        "'{}', {}, {}, {}, {})",
        id, account, kNow, roubles(kopecks), type, or_null(main), or_null(mode),
        mode == kCashMode ? 1 : 0, kNow
    ));
    touch("FM_ACCOUNT_TRAN", "insert", id);
}

void MedialogWriter::allocate(std::int64_t movement, const Bill& bill, Payer payer) {
    base_.execute(fmt::format(
        "insert into FM_PAYMENTS (FM_PAYMENTS_ID, FM_BILLDET_PAY_ID, FM_ACCOUNT_TRAN_ID, "
        "TRAN_AMOUNT, TAXE_AMOUNT, KRN_CREATE_DATE) select nextval('simulator.id'), "
        "P.FM_BILLDET_PAY_ID, {}, P.PRICE, 0, {} from FM_BILLDET_PAY P join FM_BILLDET D on "
        "D.FM_BILLDET_ID = P.FM_BILLDET_ID where D.FM_BILL_ID = {} and P.FM_ORG_ID is {} and not "
        "exists (select from FM_PAYMENTS F where F.FM_BILLDET_PAY_ID = P.FM_BILLDET_PAY_ID)",
        movement, kNow, bill.id, payer == Payer::patient ? "null" : "not null"
    ));
    touch("FM_PAYMENTS", "insert", movement);
}

void MedialogWriter::pay(
    std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks, Till till
) {
    movement(id, patient.id, kopecks, 'A', till == Till::card ? kCardMode : kCashMode, 0);
    const auto paid = next_id();
    movement(paid, patient.id, -kopecks, 'P', 0, id);
    allocate(paid, bill, Payer::patient);
}

void MedialogWriter::deposit(const Patient& patient, std::int64_t kopecks) {
    movement(next_id(), patient.id, kopecks, 'X', kCashMode, 0);
}

void MedialogWriter::spend_advance(
    std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks
) {
    movement(id, patient.id, -kopecks, 'J', 0, 0);
    allocate(id, bill, Payer::patient);
}

void MedialogWriter::refund(
    std::int64_t id, const Bill&, const Patient& patient, std::int64_t kopecks
) {
    movement(id, patient.id, -kopecks, 'B', kCashMode, 0);
}

// A debt of the clinic's written off: no money moves.
std::string_view MedialogWriter::write_off(
    std::int64_t id, const Patient& patient, std::int64_t kopecks
) {
    movement(id, patient.id, -kopecks, 'N', 0, 0);
    return {};
}

void MedialogWriter::settle(const Bill& bill, const Patient& patient, std::int64_t kopecks) {
    const int organization = patient.agreement == kBarterAgreement ? kBarterPartner : kInsurer;
    const auto money = next_id(), paid = next_id();
    movement(money, organization, kopecks, 'A', kTransferMode, 0);
    movement(paid, organization, -kopecks, 'P', 0, money);
    allocate(paid, bill, Payer::organization);
}

void MedialogWriter::raise_limit(const Patient& patient, std::int64_t kopecks) {
    base_.execute(fmt::format(
        "update FM_CLINK_PATIENTS set LIMIT_SUMMA = LIMIT_SUMMA + {}, KRN_MODIFY_DATE = {} where "
        "FM_CLINK_PATIENTS_ID = {}",
        roubles(kopecks), kNow, patient.policy
    ));
    touch("FM_CLINK_PATIENTS", "update", patient.policy);
}

void MedialogWriter::plan(const Plan& plan, const Patient& patient) {
    base_.execute(fmt::format(
        "insert into PATDIREC (PATDIREC_ID, PATIENTS_ID, DIR_STATE, CANCELLED, BEGIN_DATE_TIME, "
        "PATDIREC_KIND, DESCRIPTION, MEDECINS_CREATOR_ID, KRN_CREATE_DATE) values ({}, {}, 1, 0, "
        "{}, "
        "2, 'План лечения', {}, {})",
        plan.id, patient.id, kNow, medecin(plan.doctor), kNow
    ));
    touch("PATDIREC", "insert", plan.id);
    for (const auto& item : plan.items) {
        base_.execute(fmt::format(
            "insert into DIR_SERV (DIR_SERV_ID, PATDIREC_ID, FM_SERV_ID, CNT, ZUB, ETAP, "
            "KRN_CREATE_DATE) values ({}, {}, {}, 1, {}, 1, {})",
            item.id, plan.id, service_row(item.service), text_or_null(item.tooth), kNow
        ));
        touch("DIR_SERV", "insert", item.id);
    }
}

// All rows move to one card; the other goes.
void MedialogWriter::merge(const Patient& from, const Patient& into) {
    for (const auto table :
         {"PLANNING", "MOTCONSU", "FM_BILL", "FM_BILLDET", "FM_BILLDET_PAY", "FM_ACCOUNT"})
        base_.execute(fmt::format(
            "update {} set PATIENTS_ID = {} where PATIENTS_ID = {}", table, into.id, from.id
        ));
    base_.execute(fmt::format(
        "update PATDIREC set PATIENTS_ID = {}, KRN_MODIFY_DATE = {} where PATIENTS_ID = {};"
        "delete from PATIENTS where PATIENTS_ID = {}",
        into.id, kNow, from.id, from.id
    ));
    touch("PATIENTS", "delete", from.id);
}

// An import of coupons: the lines go and come again under new ids, in one transaction.
void MedialogWriter::reimport(
    const Bill& bill, const Patient& patient, const std::vector<std::int64_t>& ids
) {
    const auto doctor =
        base_.number(fmt::format("select MEDECINS1_ID from FM_BILL where FM_BILL_ID = {}", bill.id)
        );
    for (std::size_t number = 0; number < bill.lines.size(); ++number) {
        Line line = bill.lines[number];
        delete_line(line.id);
        line.id = ids[number];
        insert_line(bill, line, patient, doctor);
    }
}

}  // namespace mis::simulator
