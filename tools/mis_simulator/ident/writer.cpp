#include "writer.hpp"

#include <fmt/format.h>

#include "../clinic.hpp"

namespace mis::simulator {
namespace {

std::int64_t staff(std::size_t doctor) { return 101 + static_cast<std::int64_t>(doctor); }
std::int64_t chair(std::size_t doctor) {
    return doctors()[doctor].branch * 10 + 1 + static_cast<std::int64_t>(doctor % 4);
}
std::int64_t list_price(std::size_t service) { return 1001 + static_cast<std::int64_t>(service); }
int first_cell(int hour, int minute) { return hour * 4 + minute / 15 + 1; }
std::string mask(const std::string& tooth) {
    return tooth.empty() ? "null" : fmt::format("simulator.mask('{}')", tooth);
}
// Both cells of half an hour, if nobody has them.
std::string free_cells(std::int64_t doctor, std::int64_t day, int cell) {
    const auto these = fmt::format(
        "DateOfWork = current_date + {} and ID_Staffs = {} and ID_Times between {} and {} and "
        "ID_Receptions is null and ID_TimeReserves is null",
        day, doctor, cell, cell + 1
    );
    return fmt::format("{} and (select count(*) from CurrentTimeTable where {}) = 2", these, these);
}

}  // namespace

Known IdentWriter::load(const KnownLimits& limits) {
    Known known;
    for (const auto& row : base_.rows(fmt::format(
             "select P.ID_Persons, N.Surname || ' ' || coalesce(N.Name, '') || ' ' || "
             "coalesce(N.Patronymic, ''), K.id, K.kind from Patients P join Persons N on N.ID = "
             "P.ID_Persons left join simulator.policy K on K.patient = P.ID_Persons "
             "order by P.ID_Persons limit {}",
             limits.patients_max
         )))
        known.patients.push_back(
            {id_of(row[0]), row[1].value_or(""), id_of(row[2]),
             !row[3]               ? 0
             : *row[3] == "barter" ? kBarterAgreement
                                   : kInsuranceAgreement}
        );
    for (const auto& row : base_.rows(fmt::format(
             "select R.ID, R.ID_Patients, R.ID_Armchairs, R.PlanStart::date - current_date, "
             "extract(hour from R.PlanStart)::int, extract(minute from R.PlanStart)::int, "
             "R.PatientAppeared, R.ReceptionStarted, coalesce(R.ID_Staffs, (select "
             "min(C.ID_Staffs) "
             "from CurrentTimeTable C where C.ID_Receptions = R.ID)) from Receptions R where "
             "R.PlanStart >= current_date and R.ID_Patients is not null and R.ReceptionEnded is "
             "null "
             "and R.ReceptionCanceled is null order by R.ID desc limit {}",
             limits.visits_max
         ))) {
        const auto patient = find_patient(known.patients, id_of(row[1]));
        if (patient < 0 || !row[8]) continue;
        const auto state = row[7]   ? Visit::State::started
                           : row[6] ? Visit::State::arrived
                                    : Visit::State::booked;
        known.visits.push_back(
            {id_of(row[0]), static_cast<std::size_t>(patient),
             static_cast<std::size_t>(id_of(row[8]) - staff(0)), static_cast<int>(id_of(row[3])),
             static_cast<int>(id_of(row[4])), static_cast<int>(id_of(row[5])), state}
        );
    }
    for (const auto& row : base_.rows(fmt::format(
             "select O.ID, R.ID_Patients, O.ID_OwnCompanies, (select max(case when DiscountSum > 0 "
             "then 10 else 0 end) from OrderServiceRelation L where L.ID_Orders = O.ID), "
             "O.DateTimeBillFormed from Orders O join Receptions R on R.ID = O.ID_Receptions where "
             "O.DateTimeOrder >= current_date - 3 order by O.ID desc limit {}",
             limits.bills_max
         ))) {
        const auto patient = find_patient(known.patients, id_of(row[1]));
        if (patient < 0) continue;
        Bill bill{
            id_of(row[0]),
            static_cast<std::size_t>(patient),
            static_cast<int>(id_of(row[2])),
            {},
            static_cast<int>(id_of(row[3]))};
        for (const auto& line : base_.rows(fmt::format(
                 "select L.ID, Z.ID_ServiceItems - 1, L.CountService::int, (Z.Price * "
                 "100)::bigint, "
                 "(select T.name from simulator.tooth T where simulator.mask(T.name) = "
                 "L.TeethLong) "
                 "from OrderServiceRelation L join ServiceItemPrices Z on Z.ID = "
                 "L.ID_ServicePrices "
                 "where L.ID_Orders = {}",
                 bill.id
             )))
            bill.lines.push_back(
                {id_of(line[0]), static_cast<std::size_t>(id_of(line[1])), id_of(line[2]),
                 id_of(line[3]), line[4].value_or("")}
            );
        const Patient& owner = known.patients[bill.patient];
        const Sums sums = sums_of(bill, owner.agreement, rounding());
        if (row[4]) bill.paid_kopecks = sums.patient_owes;
        bill.settled = row[4].has_value();
        known.bills.push_back(std::move(bill));
    }
    return known;
}

void IdentWriter::register_patient(const Patient& patient, std::int64_t days_old) {
    const auto number = patient.id % 10'000'000;
    base_.execute(fmt::format(
        "insert into Persons (ID, Surname, Name, Patronymic, MobilePhone, Birthday) values ({0}, "
        "'Тестова', 'Новая', 'Т{1:03}', '8(900){1:07}', to_char(current_date - {2}, 'DD.MM.YYYY'));"
        "insert into Patients (ID_Persons, CardNumber) values ({0}, 'К-{0}')",
        patient.id, number, days_old
    ));
    touch("Patients", "insert", patient.id);
}

void IdentWriter::claim_cells(const Visit& visit) {
    base_.execute(fmt::format(
        "update CurrentTimeTable set ID_Receptions = {} where {}", visit.id,
        free_cells(staff(visit.doctor), visit.day, first_cell(visit.hour, visit.minute))
    ));
    touch("CurrentTimeTable", "update", visit.id);
}

void IdentWriter::release_cells(const Visit& visit) {
    base_.execute(fmt::format(
        "update CurrentTimeTable set ID_Receptions = null where ID_Receptions = {}", visit.id
    ));
    touch("CurrentTimeTable", "update", visit.id);
}

void IdentWriter::book(const Visit& visit, const Patient& patient, const Booking& booking) {
    // by_second_column: the doctor is told by the cells alone
    base_.execute(fmt::format(
        "insert into Receptions (ID, ID_Patients, ID_Staffs, ID_Armchairs, PlanStart, PlanEnd, "
        "Comment, DateTimeAdded, DateTimeChanged) values ({}, {}, {}, {}, {}, {} + interval '30 "
        "minutes', {}, {}, {})",
        visit.id, patient.id,
        booking.by_second_column ? "null" : std::to_string(staff(visit.doctor)),
        chair(visit.doctor), starts_at(visit), starts_at(visit),
        booking.commented ? "'Тестовый комментарий к записи'" : "null", kNow,
        booking.stamped ? kNow : "null"
    ));
    touch("Receptions", "insert", visit.id);
    claim_cells(visit);
}

// Some edits go without a stamp.
void IdentWriter::move(const Visit& visit) {
    release_cells(visit);
    base_.execute(fmt::format(
        "update Receptions set PlanStart = {0}, PlanEnd = {0} + interval '30 minutes'{1} where ID "
        "= "
        "{2}",
        starts_at(visit),
        visit.id % 4 == 0 ? std::string() : fmt::format(", DateTimeChanged = {}", kNow), visit.id
    ));
    touch("Receptions", "update", visit.id);
    claim_cells(visit);
}

void IdentWriter::arrive(const Visit& visit) {
    base_.execute(
        fmt::format("update Receptions set PatientAppeared = {} where ID = {}", kNow, visit.id)
    );
    touch("Receptions", "update", visit.id);
}

void IdentWriter::take_back_arrival(const Visit& visit) {
    base_.execute(
        fmt::format("update Receptions set PatientAppeared = null where ID = {}", visit.id)
    );
    touch("Receptions", "update", visit.id);
}

void IdentWriter::start(const Visit& visit, const Patient&) {
    base_.execute(
        fmt::format("update Receptions set ReceptionStarted = {} where ID = {}", kNow, visit.id)
    );
    touch("Receptions", "update", visit.id);
}

// Cancelled with a reason, or deleted; the cells are free again in both cases.
std::string_view IdentWriter::cancel(const Visit& visit) {
    release_cells(visit);
    if (visit.id % 2 == 0) {
        base_.execute(fmt::format(
            "update Receptions set ReceptionCanceled = {}, ID_ReceptionCancelReasons = {} where ID "
            "= {}",
            kNow, 1 + visit.id % 4, visit.id
        ));
        touch("Receptions", "update", visit.id);
        return "appointment.cancelled";
    }
    base_.execute(fmt::format("delete from Receptions where ID = {}", visit.id));
    touch("Receptions", "delete", visit.id);
    return "appointment.removed";
}

void IdentWriter::reserve(std::int64_t id, std::size_t doctor, std::size_t day, std::size_t hour) {
    base_.execute(fmt::format(
        "update CurrentTimeTable set ID_TimeReserves = {} where {}", id,
        free_cells(
            staff(doctor), static_cast<std::int64_t>(day), first_cell(static_cast<int>(hour), 0)
        )
    ));
    touch("CurrentTimeTable", "update", id);
}

void IdentWriter::insert_line(
    const Bill& bill, const Line& line, const Patient& patient, std::int64_t price
) {
    const Sums sums = sums_of(line, bill.discount_percent, patient.agreement);
    base_.execute(fmt::format(
        "insert into OrderServiceRelation (ID, ID_Orders, ID_ServicePrices, CountService, "
        "DiscountSum, ID_TreatmentPlanElementRelations, TeethLong, ID_Limit) values ({}, {}, {}, "
        "{}, {}, {}, {}, {})",
        line.id, bill.id, price, line.quantity,
        bill.discount_percent ? roubles(sums.gross - sums.owed()) : "null", or_null(line.plan_item),
        mask(line.tooth), or_null(patient.policy)
    ));
    touch("OrderServiceRelation", "insert", line.id);
}

void IdentWriter::treat(const Bill& bill, const Visit& visit, const Patient& patient) {
    base_.execute(fmt::format(
        "update Receptions set ReceptionStarted = coalesce(ReceptionStarted, {0}), ReceptionEnded "
        "= "
        "{0} where ID = {1};"
        "insert into Orders (ID, ID_Receptions, ID_OwnCompanies, DateTimeOrder) values ({2}, {1}, "
        "{3}, {0})",
        kNow, visit.id, bill.id, bill.branch
    ));
    touch("Receptions", "update", visit.id);
    touch("Orders", "insert", bill.id);
    for (const auto& line : bill.lines) insert_line(bill, line, patient, list_price(line.service));
}

void IdentWriter::correct_tooth(const Bill&, const Line& line) {
    base_.execute(fmt::format(
        "update OrderServiceRelation set TeethLong = {} where ID = {}", mask(line.tooth), line.id
    ));
    touch("OrderServiceRelation", "update", line.id);
}

// A price of its own: a version that is no longer on the list.
void IdentWriter::correct_price(const Bill& bill, const Line& line, const Patient& patient) {
    const Sums sums = sums_of(line, bill.discount_percent, patient.agreement);
    const auto price = next_id();
    base_.execute(fmt::format(
        "insert into ServiceItemPrices (ID, ID_ServiceItems, PriceForSalary, Price, "
        "ID_ServicePriceGroups, DateTimeFrom, DateTimeTo) values ({0}, {1}, 100, {2}, 1, "
        "'2020-01-01', '2020-01-02');"
        "update OrderServiceRelation set ID_ServicePrices = {0}, DiscountSum = {3} where ID = {4}",
        price, 1 + line.service, roubles(line.price_kopecks),
        bill.discount_percent ? roubles(sums.gross - sums.owed()) : "null", line.id
    ));
    touch("ServiceItemPrices", "insert", price);
    touch("OrderServiceRelation", "update", line.id);
}

void IdentWriter::remove_line(const Bill&, const Line& line, const Patient&) {
    base_.execute(fmt::format("delete from OrderServiceRelation where ID = {}", line.id));
    touch("OrderServiceRelation", "delete", line.id);
}

void IdentWriter::payment(std::int64_t id, const Patient& patient, int branch, const Money& money) {
    base_.execute(fmt::format(
        "insert into simulator.payment values ({}, {}, {}, {}, {}, '{}', '{}', '{}', {})", id,
        patient.id, branch, kNow, roubles(money.kopecks), money.kind, money.method, money.payer,
        or_null(money.policy)
    ));
    touch("MisGatewayPayments", "insert", id);
}

void IdentWriter::form_bill(const Bill& bill) {
    base_.execute(fmt::format(
        "update Orders set DateTimeBillFormed = {0} where ID = {1} and DateTimeBillFormed is null;"
        "update Receptions set CheckIssued = {0} where CheckIssued is null and ID = (select "
        "ID_Receptions from Orders where ID = {1})",
        kNow, bill.id
    ));
    touch("Orders", "update", bill.id);
}

void IdentWriter::pay(
    std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks, Till till
) {
    form_bill(bill);
    payment(
        id, patient, bill.branch,
        {kopecks, "payment", till == Till::card ? "card" : "cash", "patient", 0}
    );
}

void IdentWriter::deposit(const Patient& patient, std::int64_t kopecks) {
    payment(next_id(), patient, 1, {kopecks, "prepayment", "cash", "patient", 0});
}

void IdentWriter::spend_advance(
    std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks
) {
    form_bill(bill);
    payment(id, patient, bill.branch, {kopecks, "transfer", "account", "patient", 0});
}

// Money given back stands as a payment below zero.
void IdentWriter::refund(
    std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks
) {
    payment(id, patient, bill.branch, {-kopecks, "payment", "cash", "patient", 0});
}

std::string_view IdentWriter::write_off(
    std::int64_t id, const Patient& patient, std::int64_t kopecks
) {
    payment(id, patient, 1, {kopecks, "write_off", "other", "patient", 0});
    return "billing.payment";
}

void IdentWriter::settle(const Bill& bill, const Patient& patient, std::int64_t kopecks) {
    payment(
        next_id(), patient, bill.branch, {kopecks, "payment", "transfer", "limit", patient.policy}
    );
}

void IdentWriter::raise_limit(const Patient& patient, std::int64_t kopecks) {
    base_.execute(fmt::format(
        "update simulator.policy set granted = granted + {}, changed_at = {} where id = {}",
        roubles(kopecks), kNow, patient.policy
    ));
    touch("MisGatewayLimits", "update", patient.policy);
}

void IdentWriter::plan(const Plan& plan, const Patient& patient) {
    base_.execute(fmt::format(
        "insert into TreatmentPlans (ID, Name, ID_Patients, ID_Staffs, DateTimeCreated, IsActive) "
        "values ({}, 'План лечения', {}, {}, {}, 1)",
        plan.id, patient.id, staff(plan.doctor), kNow
    ));
    touch("TreatmentPlans", "insert", plan.id);
    for (const auto& item : plan.items) {
        base_.execute(fmt::format(
            "insert into TreatmentPlanElementRelations (ID, ID_TreatmentPlans, "
            "ID_TreatmentPlanStages, ID_ServicePrices, TeethLong) values ({}, {}, 1, {}, {})",
            item.id, plan.id, list_price(item.service), mask(item.tooth)
        ));
        touch("TreatmentPlanElementRelations", "insert", item.id);
    }
}

// One card goes, its rows name the other.
void IdentWriter::merge(const Patient& from, const Patient& into) {
    for (const auto table : {"Receptions", "TreatmentPlans"})
        base_.execute(fmt::format(
            "update {} set ID_Patients = {} where ID_Patients = {}", table, into.id, from.id
        ));
    base_.execute(fmt::format(
        "update simulator.payment set patient = {0} where patient = {1};"
        "delete from Patients where ID_Persons = {1};"
        "delete from Persons where ID = {1}",
        into.id, from.id
    ));
    touch("Patients", "delete", from.id);
}

}  // namespace mis::simulator
