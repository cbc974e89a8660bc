// The plan tracker: plans, orders and lines → states of items, settlements, deviations, stages
// (P1–P8, P10).
#pragma once

#include <functional>

#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

// Whether the account that a line is put against requires approval (P10). `order`: whose item the
// line settles, which may decide the account (L0).
using RequiresApproval = std::function<bool(const Line&, const std::string& order)>;

Tracked track_plans(
    const TypedFacts& typed, const Orders& orders, const GroupFacts& facts, const Rules& rules,
    const RequiresApproval& requires_approval
);

}  // namespace mis::domain
