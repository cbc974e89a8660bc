// The limit ledger: which account or payer each line is charged to, and the split of the line that
// crosses (L0, L2, L3, L5, L8).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/limit_ledger/account.hpp"
#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

struct Violation {
    std::string limit, rule;  // outside_validity, currency, discount, not_a_member
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
    std::vector<Waiting> strangers;  // lines that name an account of others
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
    Assigner(
        std::vector<Account>& accounts, const std::map<std::string, Stop>& stops,
        const GroupFacts& facts, const Identity& identity
    );

    // The pieces of a line; an account not known yet makes it wait, whole. `order`: whose item the
    // line settles; empty: none. `into` takes what is found on the way; null: nobody asks.
    std::vector<Piece> assign(const Line& line, const std::string& order, Ledger* into) const;
    bool requires_approval(const Line& line, const std::string& order) const;
    // The patient's accounts, those valid that day or all, in L0's order.
    std::vector<Account*> accounts_of(std::string_view patient, std::optional<Date> day) const;
    // The account that a record of that source names; null: none of this group.
    Account* find(const std::string& source, const std::string& limit_source_id) const;
    bool is_foreign(const std::string& source, const std::string& limit_source_id) const;

  private:
    std::vector<Account>& accounts_;
    const std::map<std::string, Stop>& stops_;
    const Identity& identity_;
    std::set<std::pair<std::string, std::string>> foreign_;  // source, source_id

    struct Claim {  // what the MIS says of a line, or of its share
        const Line& line;
        const std::string& order;
        const std::string& payer;
        const std::string& limit_source_id;
        Money total;
    };
    bool stopped(const Line& line) const;
    Account* by_payer(const Claim& claim) const;
    Account* by_default(const Claim& claim) const;
    std::optional<Piece> piece_of(const Claim& claim, Ledger* into) const;
    static Piece of_stranger(const Claim& claim, std::string limit, Ledger* into);
};

// Runs all lines in D1's order; fills each account's consumed and lines.
Ledger keep_ledger(
    const TypedFacts& typed, std::vector<Account>& accounts, const Tracked& tracked,
    const Assigner& assigner
);

}  // namespace mis::domain
