// Bills and payments: the cash desk's side of a clinic's day.
#include <fmt/format.h>

#include <algorithm>

#include "clinic.hpp"
#include "live.hpp"

namespace mis::simulator {

Sums Clinic::sums_of(const Bill& bill) const {
    return simulator::sums_of(bill, patient_of(bill).agreement, writer_.rounding());
}

std::string Clinic::plan() {
    writer_.begin();
    Plan plan{writer_.next_id(), pick(patients_.size()), pick(doctors().size()), {}};
    const std::size_t count = 1 + pick(3);
    for (std::size_t number = 0; number < count; ++number) {
        const std::size_t service = pick(services().size());
        plan.items.push_back(
            {writer_.next_id(), service,
             services()[service].on_a_tooth ? std::string(teeth()[pick(teeth().size())]) : ""}
        );
    }
    const Patient& patient = patients_[plan.patient];
    writer_.plan(plan, patient);
    plans_.push_back(std::move(plan));
    return commit("plan", {"plan.opened"}, fmt::format("{}: {} items", patient.name, count));
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
    writer_.begin();
    Bill bill{
        writer_.next_id(),
        visit->patient,
        doctors()[visit->doctor].branch,
        {},
        pick(4) == 0 ? 10 : 0};
    const std::size_t count = 1 + pick(3);
    for (std::size_t number = 0; number < count; ++number) {
        const std::size_t service = pick(services().size());
        bill.lines.push_back(
            {writer_.next_id(), service, pick(9) == 0 ? 2 : 1, services()[service].price_kopecks,
             services()[service].on_a_tooth ? std::string(teeth()[pick(teeth().size())]) : ""}
        );
    }
    // what is planned comes first
    const auto plan = std::find_if(plans_.begin(), plans_.end(), [&](const Plan& one) {
        return patients_[one.patient].id == patient.id && !one.items.empty();
    });
    if (plan != plans_.end()) {
        const PlanItem item = plan->items.back();
        plan->items.pop_back();
        Line& line = bill.lines.front();
        line.service = item.service;
        line.price_kopecks = services()[item.service].price_kopecks;
        line.tooth = item.tooth;
        line.plan_item = item.id;
    }
    writer_.treat(bill, *visit, patient);
    std::vector<std::string_view> expect = {"appointment.completed"};
    for (std::size_t number = 0; number < count; ++number) expect.push_back("procedure.performed");
    const std::string what =
        fmt::format("{}: {} lines, {} ₽", patient.name, count, roubles(sums_of(bill).owed()));
    visits_.erase(visit);
    bills_.push_back(std::move(bill));
    if (bills_.size() > kLimits.bills_max) bills_.erase(bills_.begin());
    return commit("treat", expect, what);
}

std::string Clinic::correct() {
    if (bills_.empty()) return {};
    Bill& bill = bills_[pick(bills_.size())];
    if (bill.lines.empty()) return {};
    Line& line = bill.lines[pick(bill.lines.size())];
    writer_.begin();
    std::string what;
    std::vector<std::string_view> expect = {"procedure.reversed", "procedure.performed"};
    if (!line.tooth.empty() && pick(2) == 0) {
        const std::string old = line.tooth;
        line.tooth = teeth()[pick(teeth().size())];
        if (old == line.tooth) expect.clear();
        writer_.correct_tooth(bill, line);
        what = fmt::format("tooth {} → {}", old, line.tooth);
    } else {
        line.price_kopecks += 10'050;
        writer_.correct_price(bill, line, patient_of(bill));
        what = fmt::format("price → {} ₽", roubles(line.price_kopecks));
    }
    return commit("correct", expect, fmt::format("{}: {}", patient_of(bill).name, what));
}

std::string Clinic::remove_line() {
    if (bills_.empty()) return {};
    const std::size_t index = pick(bills_.size());
    Bill& bill = bills_[index];
    if (bill.lines.empty()) return {};
    writer_.begin();
    const Line line = bill.lines.back();
    bill.lines.pop_back();
    writer_.remove_line(bill, line, patient_of(bill));
    return commit(
        "unbill", {"procedure.reversed"},
        fmt::format(
            "{}: a line of {} ₽ deleted", patient_of(bill).name, roubles(line.price_kopecks)
        )
    );
}

std::string Clinic::reimport() {
    if (bills_.empty()) return {};
    Bill& bill = bills_[pick(bills_.size())];
    if (bill.lines.empty() || bill.settled || bill.paid_kopecks != 0) return {};
    writer_.begin();
    std::vector<std::int64_t> ids;
    for (std::size_t number = 0; number < bill.lines.size(); ++number)
        ids.push_back(writer_.next_id());
    writer_.reimport(bill, patient_of(bill), ids);
    for (std::size_t number = 0; number < ids.size(); ++number) bill.lines[number].id = ids[number];
    return commit(
        "reimport", {}, fmt::format("{}: {} lines under new ids", patient_of(bill).name, ids.size())
    );
}

std::int64_t Clinic::due_on(const Bill& bill) const {
    return sums_of(bill).patient_owes - bill.paid_kopecks;
}

Bill* Clinic::newest_owed() {
    const auto bill = std::find_if(bills_.rbegin(), bills_.rend(), [&](const Bill& one) {
        return due_on(one) > 0;
    });
    return bill == bills_.rend() ? nullptr : &*bill;
}

std::string Clinic::pay() {
    Bill* const bill = newest_owed();
    if (bill == nullptr) return {};
    const std::int64_t due = due_on(*bill);
    writer_.begin();
    const auto id = writer_.next_id();
    const Till till = pick(2) ? Till::card : Till::cash;
    writer_.pay(id, *bill, patient_of(*bill), due, till);
    bill->paid_kopecks += due;
    return commit(
        "pay", {"billing.payment"},
        fmt::format(
            "{}: {} ₽ {}", patient_of(*bill).name, roubles(due),
            till == Till::card ? "by card" : "in cash"
        )
    );
}

std::string Clinic::settle() {
    const auto bill = std::find_if(bills_.rbegin(), bills_.rend(), [&](const Bill& one) {
        return !one.settled && sums_of(one).organization_owes > 0;
    });
    if (bill == bills_.rend()) return {};
    const std::int64_t due = sums_of(*bill).organization_owes;
    writer_.begin();
    writer_.settle(*bill, patient_of(*bill), due);
    bill->settled = true;
    return commit(
        "settle", {"billing.payment"},
        fmt::format("{}: {} ₽ from the organization", patient_of(*bill).name, roubles(due))
    );
}

std::string Clinic::deposit() {
    constexpr std::int64_t kSum = 500'000;
    const Patient& patient = patients_[pick(patients_.size())];
    writer_.begin();
    writer_.deposit(patient, kSum);
    return commit(
        "deposit", {"billing.payment"},
        fmt::format("{}: {} ₽ in advance", patient.name, roubles(kSum))
    );
}

std::string Clinic::spend_advance() {
    Bill* const bill = newest_owed();
    if (bill == nullptr) return {};
    const std::int64_t due = due_on(*bill);
    writer_.begin();
    writer_.spend_advance(writer_.next_id(), *bill, patient_of(*bill), due);
    bill->paid_kopecks += due;
    return commit(
        "spend", {"billing.payment"},
        fmt::format("{}: {} ₽ from the advance", patient_of(*bill).name, roubles(due))
    );
}

std::string Clinic::refund() {
    constexpr std::int64_t kSum = 30'000;
    const auto bill = std::find_if(bills_.rbegin(), bills_.rend(), [](const Bill& b) {
        return b.paid_kopecks >= 100'000;
    });
    if (bill == bills_.rend()) return {};
    writer_.begin();
    writer_.refund(writer_.next_id(), *bill, patient_of(*bill), kSum);
    bill->paid_kopecks -= kSum;
    return commit(
        "refund", {"billing.refund"},
        fmt::format("{}: {} ₽", patient_of(*bill).name, roubles(kSum))
    );
}

std::string Clinic::write_off() {
    constexpr std::int64_t kSum = 50;
    const Patient& patient = patients_[pick(patients_.size())];
    writer_.begin();
    const auto event = writer_.write_off(writer_.next_id(), patient, kSum);
    return commit("write off", {event}, fmt::format("{}: {} ₽", patient.name, roubles(kSum)));
}

std::string Clinic::raise_limit() {
    constexpr std::int64_t kSum = 500'000;
    const std::size_t first = pick(patients_.size());
    for (std::size_t step = 0; step < patients_.size(); ++step) {
        const Patient& patient = patients_[(first + step) % patients_.size()];
        if (!patient.policy) continue;
        writer_.begin();
        writer_.raise_limit(patient, kSum);
        return commit(
            "grant", {"limit.granted"}, fmt::format("{}: {} ₽ more", patient.name, roubles(kSum))
        );
    }
    return {};
}

}  // namespace mis::simulator
