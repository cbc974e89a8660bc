// AccountSheet: an account as a clerk reads it beside her MIS: every line put against it, in D1's
// order, with what the limit had left before it, what of it the limit took, what went beyond and
// who pays that. Made of the state that the ledger derives (domain/state.hpp), the same that
// billed it: nothing is worked out a second time.
#pragma once

#include <string>
#include <vector>

#include "domain/announced.hpp"
#include "domain/facts.hpp"
#include "domain/limit_ledger/disagreements.hpp"
#include "domain/state.hpp"

namespace mis::domain {

struct BeyondPart {  // of a line, what overflowed the account
    std::string payer;
    std::string party;  // an organization's name; empty: none is named
    Money total;
};

struct SheetLine {
    const Line* line = nullptr;
    Money total;  // of its shares that are put against this account
    Money before, to_limit, beyond, after;
    std::vector<BeyondPart> beyond_parts;
    bool splits = false;                  // a part within, the rest beyond (L3)
    bool ends = false;                    // with it nothing of the limit was left
    bool leaves = false;                  // X1; else it stays in the clinic
    std::string order;                    // whose item it settles; empty: none
    std::vector<std::string> violations;  // rules, as limit.rule_violated names them
};

struct AccountSheet {
    const Account* account = nullptr;
    std::vector<SheetLine> lines;
    std::vector<Disagreement> disagreements;
    bool stopped_early = false;  // L8: said to be used up, and by our count it is not
    std::size_t waiting = 0;     // L0: lines of the group whose account is not known yet
};

// The books of one group, as they stand now. All arguments outlive it.
class Books {
  public:
    Books(
        const GroupFacts& facts, const Announced& before, const Rules& rules,
        const Identity& identity
    );
    Books(const Books&) = delete;
    Books& operator=(const Books&) = delete;

    const std::vector<Account>& accounts() const { return state_.accounts; }
    AccountSheet sheet(const Account& account) const;

  private:
    const Rules& rules_;
    Announced after_;
    SettledFacts settled_;
    State state_;  // points into settled_
};

}  // namespace mis::domain
