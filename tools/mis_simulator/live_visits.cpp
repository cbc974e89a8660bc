// Visits: the timetable's side of a clinic's day.
#include <fmt/format.h>

#include <algorithm>

#include "clinic.hpp"
#include "live.hpp"

namespace mis::simulator {

std::string Clinic::register_patient() {
    writer_.begin();
    Patient patient{writer_.next_id(), {}};
    patient.name = fmt::format("Тестова Новая {:03}", patient.id % 1'000'000);
    writer_.register_patient(patient, static_cast<std::int64_t>(8000 + pick(14000)));
    doubles_.push_back(patients_.size());
    patients_.push_back(patient);
    return commit("register", {}, patient.name);
}

void Clinic::free_time(Visit& visit) {
    visit.day = static_cast<int>(pick(100)) < 50 ? 0 : 1 + static_cast<int>(pick(12));
    visit.hour = 9 + static_cast<int>(pick(11));
    visit.minute = pick(2) ? 30 : 0;
}

std::string Clinic::book() {
    Visit visit{0, pick(patients_.size()), pick(doctors().size()), 0, 0, 0};
    free_time(visit);
    const Patient& patient = patients_[visit.patient];
    writer_.begin();
    visit.id = writer_.next_id();
    Booking booking{};
    booking.by_second_column = pick(12) == 0;
    booking.stamped = pick(3) != 0;
    booking.commented = pick(6) == 0;
    booking.first = pick(5) == 0;
    booking.chair = 1 + static_cast<int>(pick(kChairsPerBranch));
    writer_.book(visit, patient, booking);
    const bool slow = pick(15) == 0;
    if (slow) wait_before_commit();
    visits_.push_back(visit);
    return commit(
        "book", {"appointment.booked"},
        fmt::format(
            "{}, in {} days at {}:{:02}{}", patient.name, visit.day, visit.hour, visit.minute,
            slow ? " (committed late)" : ""
        )
    );
}

std::string Clinic::move() {
    if (visits_.empty()) return {};
    Visit& visit = visits_[pick(visits_.size())];
    if (visit.state != Visit::State::booked) return {};
    const Visit old = visit;
    free_time(visit);
    const bool same = old.day == visit.day && old.hour == visit.hour && old.minute == visit.minute;
    writer_.begin();
    writer_.move(visit);
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
    writer_.begin();
    writer_.arrive(*visit);
    visit->state = Visit::State::arrived;
    return commit("arrive", {"appointment.arrived"}, patients_[visit->patient].name);
}

std::string Clinic::take_back_arrival() {
    const auto visit = std::find_if(visits_.begin(), visits_.end(), [](const Visit& v) {
        return v.state == Visit::State::arrived;
    });
    if (visit == visits_.end()) return {};
    writer_.begin();
    writer_.take_back_arrival(*visit);
    visit->state = Visit::State::booked;
    return commit("take back", {}, patients_[visit->patient].name + " had not arrived");
}

std::string Clinic::start() {
    const auto visit = std::find_if(visits_.begin(), visits_.end(), [](const Visit& v) {
        return v.state == Visit::State::arrived;
    });
    if (visit == visits_.end()) return {};
    writer_.begin();
    writer_.start(*visit, patients_[visit->patient]);
    visit->state = Visit::State::started;
    return commit("start", {"appointment.started"}, patients_[visit->patient].name);
}

std::string Clinic::cancel() {
    if (visits_.empty()) return {};
    const std::size_t index = pick(visits_.size());
    if (visits_[index].state != Visit::State::booked) return {};
    writer_.begin();
    const auto event = writer_.cancel(visits_[index]);
    const std::string name = patients_[visits_[index].patient].name;
    visits_.erase(visits_.begin() + static_cast<std::ptrdiff_t>(index));
    return commit(
        "cancel", {event}, name + (event == "appointment.removed" ? ", the row is deleted" : "")
    );
}

std::string Clinic::reserve() {
    const std::size_t doctor = pick(doctors().size());
    writer_.begin();
    const auto id = writer_.next_id();
    const std::size_t day = 1 + pick(10), hour = 9 + pick(10);
    writer_.reserve(id, doctor, day, hour);
    return commit(
        "reserve", {"slots.changed"},
        fmt::format("doctor {} in {} days at {}:00", doctor + 1, day, hour)
    );
}

// The card that was made today turns out to be a second one of somebody who pays himself.
std::string Clinic::merge() {
    if (doubles_.empty()) return {};
    const std::size_t twin = doubles_.back();
    const std::size_t first = pick(patients_.size());
    const auto own = std::find_if(
        patients_.begin() + static_cast<std::ptrdiff_t>(first), patients_.end(),
        [&](const Patient& one) { return one.policy == 0 && one.id != patients_[twin].id; }
    );
    if (own == patients_.end()) return {};
    doubles_.pop_back();
    const Patient into = *own;
    writer_.begin();
    writer_.merge(patients_[twin], into);
    std::string what = fmt::format("{} was {}", patients_[twin].name, into.name);
    // whoever picks the second card finds the first
    for (auto& patient : patients_)
        if (patient.id == patients_[twin].id && &patient != &patients_[twin]) patient = into;
    patients_[twin] = into;
    return commit("merge", {}, what);
}

}  // namespace mis::simulator
