// Accounts as events (L1, L4, L5, L7, L9): opened, granted, judged, closed.
#pragma once

#include "domain/change.hpp"
#include "domain/limit_ledger/ledger.hpp"
#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

void announce_grants(
    Change& change, const std::vector<Account>& accounts
);  // limit.opened, limit.granted
// low, exhausted, overrun, mismatch, rule_violated; after everything of this change set that stands
// before them was settled.
void announce_judgements(
    Change& change, const std::vector<Account>& accounts, const Ledger& ledger,
    const std::map<std::string, Stop>& stops
);
void announce_closings(
    Change& change, const std::vector<Account>& accounts, const Tracked& tracked
);

}  // namespace mis::domain
