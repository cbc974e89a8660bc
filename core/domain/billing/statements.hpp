// Statements (B4): what each payer owes for an order when a stage or the order completes, again
// when a closed order is corrected, and for a period on request.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "domain/change.hpp"
#include "domain/limit_ledger/account.hpp"

namespace mis::domain {

// Both read the charges as they stand after this change set, from what was announced: a statement
// adds up by construction. `orders`: those that reached something.
void state_orders(
    Change& change, const std::set<std::string>& orders, const std::vector<Account>& accounts
);
void answer_requests(Change& change, const std::vector<Account>& accounts);

// Why a request about this order or account (the other is empty) can't be answered: "no_consent",
// "withdrawn"; empty: it can. Pure.
std::string missing_ground(
    const GroupFacts& facts, const Announced& before, const Rules& rules, const Identity& identity,
    const std::string& order, const std::string& limit
);

}  // namespace mis::domain
