// Appointments (A1, A2, L6): what a visit has become, and the difference to what was
// announced.
#pragma once

#include "domain/change.hpp"
#include "domain/limit_ledger/ledger.hpp"

namespace mis::domain {

// A1: visits still booked or confirmed, with no line, when their clinic day ends. Returns when the
// next one would turn; nullopt: none.
std::optional<Timestamp> turn_into_no_shows(
    TypedFacts& typed, const Rules& rules, const Timestamp& now
);

void announce_appointments(
    Change& change, const Assigner& accounts, const Tracked& tracked,
    const std::map<std::string, Stop>& stops
);

}  // namespace mis::domain
