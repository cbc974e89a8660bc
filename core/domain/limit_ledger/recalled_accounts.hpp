// Under which ids accounts went, where a log of events is all that tells it (I4).
//
// An account keeps the id under which it was first announced, whatever becomes of the statement
// that gave it (L1); no event tells which statements joined it since. They are known again by what
// the events say of the account: the order that opened it, the charges that stand on it, its terms.
#pragma once

#include "base/identity.hpp"
#include "domain/announced.hpp"
#include "domain/facts.hpp"
#include "domain/rules.hpp"

namespace mis::domain {

// Fills `told.account_of` for accounts that would otherwise be opened a second time.
void recall_accounts(
    Announced& told, const GroupFacts& facts, const Rules& rules, const Identity& identity
);

}  // namespace mis::domain
