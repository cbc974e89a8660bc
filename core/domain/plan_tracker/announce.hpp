// Plans, items, stages, deviations and orders as events (P1, P2, P5, P7, P9): the
// difference to what was announced.
#pragma once

#include <set>
#include <string>

#include "domain/change.hpp"
#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

void announce_plans(
    Change& change, const Tracked& tracked
);  // plan.*, plan.item.*, plan.stage.withdrawn
void announce_deviations(Change& change, const Tracked& tracked);
void announce_orders(Change& change, const Tracked& tracked);  // linked, unlinked, waiting

// Stages reached, plans and orders closed. Returns the orders to be stated: a stage or the order
// itself completed.
std::set<std::string> announce_conclusions(Change& change, const Tracked& tracked);

Permission permission_of(const Change& change, const Plan& plan);
// The MIS that moved it: its own, of an order that of the patient.
const std::string& source_of(const Plan& plan, const Change& change);

}  // namespace mis::domain
