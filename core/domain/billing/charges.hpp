// Charges (B1, B2, L5): the ledger's shares as events, and their reversal by id when they
// change.
#pragma once

#include "domain/billing/lines.hpp"
#include "domain/change.hpp"
#include "domain/limit_ledger/ledger.hpp"
#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

// The order in which a line was done (B4, B5): that of the item it settles, else the one that
// opened the account it goes to; empty: none.
std::string order_of(
    const LineCharge& charge, const Tracked& tracked, const std::vector<Account>& accounts,
    const Identity& identity
);

void announce_charges(
    Change& change, const Ledger& ledger, const Tracked& tracked,
    const std::vector<Account>& accounts, const ReversedLines& reversed
);

}  // namespace mis::domain
