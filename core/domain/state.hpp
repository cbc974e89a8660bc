// What a group's facts mean: orders, accounts, plans and charges, a function of the facts that
// stand (D1). What is said of it is the differ's business (evaluate.cpp, D2).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/limit_ledger/ledger.hpp"
#include "domain/orders.hpp"
#include "domain/plan_tracker/tracker.hpp"

namespace mis::domain {

struct State {  // points into the typed facts it was derived from
    Orders orders;
    std::map<std::string, Stop> stops;  // by pseudonym (L8)
    std::vector<Account> accounts;      // filled by the ledger
    Tracked tracked;
    Ledger ledger;
};

// The facts as the books take them: a row that replaced another keeps its id, a visit to which
// nobody came is a no-show.
struct SettledFacts {
    TypedFacts typed;
    std::optional<Timestamp> next_no_show;  // when time alone makes another one
};
SettledFacts settle_facts(
    const GroupFacts& facts, const Announced& before, const Rules& rules, const Identity& identity
);

// `before`: what was announced gives accounts their first ids (L1) and revisions (L7). `after`
// remembers what D1 names.
State derive(
    const TypedFacts& typed, const GroupFacts& facts, const Announced& before, Announced& after,
    const Rules& rules, const Identity& identity
);

}  // namespace mis::domain
