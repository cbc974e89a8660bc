// Under which id an account goes: that under which it was first announced (L1).
#pragma once

#include <string>
#include <vector>

#include "domain/limit_ledger/account.hpp"

namespace mis::domain {

// The id under which the statement's account was announced; its own, where that is not remembered.
const std::string& remembered_id(const LimitStatement& said, const Announced& before);

// Whether the account was closed because all that stated it was gone.
bool was_removed(const Standing& told);

// Gives every account its id, each another, and remembers in `after` which statement went under
// which (D1).
void name_accounts(
    std::vector<Account>& accounts, const TypedFacts& typed, const Announced& before,
    Announced& after, const Identity& identity
);

}  // namespace mis::domain
