// Visits: the timetable's side of a clinic's day.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "clinic.hpp"
#include "live.hpp"
#include "live_sql.hpp"

namespace mis::simulator {

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

}  // namespace mis::simulator
