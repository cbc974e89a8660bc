// What a payer's party (an insurer) is told of its patient's plan in the place of the plan itself:
// that it stands, and the largest sum that the party's accounts may still have to take
// (X3).
#pragma once

#include <vector>

#include "domain/change.hpp"
#include "domain/limit_ledger/account.hpp"
#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

// Adds the views to the drafts of plan.opened, plan.changed and plan.closed that are not settled
// yet: one for each party with an open account that the patient may use, in the order of the
// accounts. `amount_max` is the agreed sum of the plan's open items, pro rata of what is not
// settled, at most what remains on the party's accounts; where the party owes the overrun, too,
// nothing but the agreed sum bounds it; 0 once the plan is closed. Accounts in another currency
// than the party's first do not count (I5).
void tell_parties_of_plans(
    Change& change, const std::vector<Account>& accounts, const Tracked& tracked
);

}  // namespace mis::domain
