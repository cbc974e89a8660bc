// What a clinic's day is about, in no MIS's words: patients, visits, bills. The model (live.hpp)
// holds and changes them; a Writer says them in its MIS's tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mis::simulator {

struct Patient {
    std::int64_t id;
    std::string name;
    std::int64_t policy = 0, agreement = 0;  // 0: pays himself
};

struct Visit {
    std::int64_t id;
    std::size_t patient;    // into the model's patients
    std::size_t doctor;     // into doctors()
    int day, hour, minute;  // day: from today; half an hour long
    enum class State { booked, arrived, started } state = State::booked;
};

// What only colours a booking: each MIS writes of it what it knows.
struct Booking {
    bool by_second_column;  // the doctor stands elsewhere than usual
    int chair;              // 1 … kChairsPerBranch
    bool first, commented;
    bool stamped;  // else without a time of change
};

struct Line {
    std::int64_t id;
    std::size_t service;  // into services()
    std::int64_t quantity, price_kopecks;
    std::string tooth;
    std::int64_t plan_item = 0;  // that it carries out
};

struct Bill {
    std::int64_t id;
    std::size_t patient;
    int branch;
    std::vector<Line> lines;
    int discount_percent = 0;
    std::int64_t paid_kopecks = 0;  // by the patient
    bool settled = false;           // by his organization
};

struct PlanItem {
    std::int64_t id;
    std::size_t service;
    std::string tooth;
};
struct Plan {
    std::int64_t id;
    std::size_t patient;
    std::size_t doctor;
    std::vector<PlanItem> items;  // not carried out yet
};

// Kopecks, after discount but for gross.
struct Sums {
    std::int64_t gross, patient_owes, organization_owes;
    std::int64_t owed() const { return patient_owes + organization_owes; }
};

// Where a discount and an organization's share are rounded: once for the bill, or line by line.
enum class Rounding { of_bill, of_line };
Sums sums_of(const Line& line, int discount_percent, std::int64_t agreement);
Sums sums_of(const Bill& bill, std::int64_t agreement, Rounding rounding);
std::string roubles(std::int64_t kopecks);  // "-12.05"

}  // namespace mis::simulator
