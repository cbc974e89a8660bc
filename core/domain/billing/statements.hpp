// Statements (B4): what each payer owes for an order when a stage or the order completes,
// and for a period on request.
#pragma once

#include <set>
#include <string>

#include "domain/change.hpp"
#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

// Both read the charges as they stand after this change set, from what was announced: a statement
// adds up by construction.
void state_orders(Change& change, const std::set<std::string>& orders);
void answer_requests(Change& change);

}  // namespace mis::domain
