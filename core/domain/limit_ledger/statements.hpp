// What each source says of accounts, before it is known which of them are one (L1).
#pragma once

#include <vector>

#include "domain/limit_ledger/account.hpp"

namespace mis::domain {

// Of the MIS's rows and the registers'. `after` remembers the day on which a row of the MIS without
// valid_from was first seen.
std::vector<LimitStatement> statements_of_rows(
    const TypedFacts& typed, const Announced& before, Announced& after, const Rules& rules
);

// Of orders, earliest first: the limit they were placed with, else what their first grant opened.
// `granted` is the first sum, 0 where none was stated.
std::vector<LimitStatement> statements_of_orders(
    const Orders& orders, const GroupFacts& facts, const Rules& rules, const Identity& identity
);

LimitStatement statement_of_grant(
    const GrantTerms& terms, const InboxFact& message, std::string id, std::string patient,
    const Rules& rules
);

// One visit's comment with a sum; the latest of one account stands (L8). In the order of starts.
std::vector<LimitStatement> statements_of_comments(
    const TypedFacts& typed, const Identity& identity
);

// In the order of their acceptance.
std::vector<const InboxFact*> messages_of(const GroupFacts& facts, std::string_view type);

// In which digits compare as numbers: 9 before 10.
bool id_before(std::string_view a, std::string_view b);

}  // namespace mis::domain
