// SlotReader: the free times of everybody, worked out from the records that stand (A3), for
// aggregators that take whole snapshots. Reads one connection of the store and writes nothing. What
// `slots.changed` announces is made of the same records by the same rules (Meaning).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/rules.hpp"
#include "domain/slots/free_times.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

class SlotReader {
  public:
    SlotReader(
        sqlite::Database& database, const Zone& clinic_zone,
        const std::map<std::string, Zone>& configured_branch_zones
    );

    // Of all practitioners of whom a shift or a slot is known: from the day before today to `days`
    // days on. A connection in a read transaction gives one state.
    std::vector<domain::DaySlots> days(std::int64_t now_us, int days);
    // As of the last days().
    domain::ZoneOfBranch zone_of_branch() const;

    // For people: (source, id) → name, of practitioners and branches.
    using Names = std::map<std::pair<std::string, std::string>, std::string>;
    Names names(std::string_view kind) const;

  private:
    sqlite::Database& database_;
    const std::map<std::string, Zone> configured_;
    domain::Rules rules_;
};

}  // namespace mis::gateway
