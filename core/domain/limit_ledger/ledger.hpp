// The limit ledger: which account or payer each line is charged to, and the split of the line that
// crosses (L0, L2, L3, L5, L8).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/limit_ledger/account.hpp"

namespace mis::domain {

struct Violation {
    std::string limit, rule;  // outside_validity, currency, discount
    const Line* line = nullptr;
};

struct Piece {  // a part of a line, whole before any split
    const Line* line = nullptr;
    Account* account = nullptr;  // put against it; null: the payer owes it
    std::string payer;
    std::string party;
    Money total;
};

struct LineCharge {
    const Line* line = nullptr;
    std::string payer;  // "limit" where an account takes it
    std::string limit;  // the account's id, with payer limit
    std::string party;
    Money total;
    std::map<std::string, Money> overruns;  // what of it overflowed which account
};

struct Ledger {
    std::vector<LineCharge> charges;  // in D1's order of their lines, the limit's share first
    std::vector<Violation> violations;
    std::vector<Waiting> waiting;
};

struct Stop {  // L8: from this appointment on no new work goes to the patient's account
    Timestamp from;
    bool has_come = false;
};

// By pseudonym. `after` remembers when a white mark without a stamp was first seen.
std::map<std::string, Stop> read_stops(
    const TypedFacts& typed, const GroupFacts& facts, Announced& after
);

class Assigner {  // L0; owns nothing, the arguments outlive it
  public:
    Assigner(std::vector<Account>& accounts, const std::map<std::string, Stop>& stops)
        : accounts_(accounts), stops_(stops) {}

    // The pieces of a line; an account not known yet makes it wait, whole.
    std::vector<Piece> assign(
        const Line& line, std::vector<Violation>* violations, std::vector<Waiting>* waiting
    ) const;
    bool requires_approval(const Line& line) const;
    // The patient's accounts that are valid that day.
    std::vector<Account*> accounts_of(std::string_view patient, std::optional<Date> day) const;

  private:
    std::vector<Account>& accounts_;
    const std::map<std::string, Stop>& stops_;

    Account* find(const Line& line, const std::string& limit_source_id) const;
    std::optional<Piece> piece_of(
        const Line& line, const std::string& payer, const std::string& limit_source_id, Money total,
        std::vector<Violation>* violations
    ) const;
};

// Runs all lines in D1's order; fills each account's consumed and lines.
Ledger keep_ledger(
    const TypedFacts& typed, std::vector<Account>& accounts, const Assigner& assigner
);

}  // namespace mis::domain
