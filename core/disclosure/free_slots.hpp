// FreeSlots: the free times that may leave for one aggregator. Its own type, built only here, of
// free and busy intervals (domain/slots) and the clinic's table: no id, name or text of the MIS is
// in it, and no patient ever was.
//
// Free intervals are cut into cells of the row's length, from where they begin; what is left at the
// end, has begun already, or ends on another day is not offered. Busy intervals are given, whole,
// where the aggregator wants them. Every day of the horizon is there, also one without any time: an
// aggregator that is not told of a day keeps what it had.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.hpp"
#include "disclosure/slot_table.hpp"
#include "domain/slots/free_times.hpp"

namespace mis::disclosure {

struct SlotTerms {
    std::int64_t now_us = 0;
    int days = 30;          // of the horizon, today included
    int cell_minutes = 30;  // of rows that say nothing
    bool with_busy = false;
    domain::ZoneOfBranch zone_of_branch;
};

class FreeSlots {
  public:
    struct Cell {
        Timestamp starts_at, ends_at;  // by the branch's clock, whole minutes of one day
        bool free = false;
    };
    struct Day {
        Date day;
        std::vector<Cell> cells;  // in order
    };
    struct Doctor {
        std::string id, branch;  // the aggregator's
        std::string name, specialty, branch_name;
        int cell_minutes = 30;
        std::vector<Day> days;
    };

    // Doctors of one branch side by side, branches in the order of the table.
    const std::vector<Doctor>& doctors() const { return doctors_; }
    std::size_t free_cells() const;

  private:
    friend struct SlotDisclosure
    disclose_slots(std::span<const domain::DaySlots>, const SlotTable&, const SlotTerms&);
    std::vector<Doctor> doctors_;
};

struct SlotDisclosure {
    FreeSlots leaving;
    // Who has free times and no row that says yes or no: they stay.
    struct Unmapped {
        std::string source, branch, doctor;  // the MIS's ids
        bool is_proposed = false;
    };
    std::vector<Unmapped> unmapped;
    std::vector<SlotRow> without_times;  // confirmed, and nothing is known of them: told as empty
};

// `days`: of every practitioner who has any, from the day before today to the horizon's end.
SlotDisclosure disclose_slots(
    std::span<const domain::DaySlots> days, const SlotTable& table, const SlotTerms& terms
);

}  // namespace mis::disclosure
