// Meaning: the facts that stand → state, and the difference to what was announced → events
// (D1–D3).
//
// evaluate() is a pure function of its arguments: no store, network or clock. Call it once per
// change set with the group's complete facts; it may be called again with the same arguments after
// a crash and gives the same answer. An evaluation that changes nothing returns no events and
// `after` equal to `before`.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "domain/announced.hpp"
#include "domain/event.hpp"
#include "domain/facts.hpp"
#include "domain/rules.hpp"

namespace mis::domain {

// A record that parses and yet makes no sense among the others: quarantine it, the rest has flowed.
struct Problem {
    RecordKey key;
    std::string reason;  // never its content
};

struct Waiting {  // a line that charges nobody yet because its account is not known (L0): counted
    RecordKey key;
    std::string limit_source_id;
};

struct Outcome {
    std::vector<Event> events;  // in the order of D3; ids set
    Announced after;
    std::optional<Timestamp> next_tick;  // when time alone will change something; nullopt: never
    std::vector<Problem> problems;
    std::vector<Waiting> waiting;
    std::vector<Waiting> strangers;  // L0: lines that name an account of others
    // Whom the accounts of several patients are of: the account → pseudonyms.
    std::map<std::string, std::vector<std::string>, std::less<>> shared_accounts;
    std::vector<std::string>
        unmapped_codes;        // I8: price-list codes without a national code, sorted
    std::int64_t history = 0;  // D5: records of before their source counts
};

Outcome evaluate(
    const GroupFacts& facts, const Announced& before, const Rules& rules, const Identity& identity
);

}  // namespace mis::domain
