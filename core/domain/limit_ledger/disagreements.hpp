// Where an account and what a source states of it differ (L8, L9).
#pragma once

#include <vector>

#include "domain/limit_ledger/ledger.hpp"

namespace mis::domain {

struct Disagreement {
    const char* field = "";  // "used", "granted"
    Money ours, theirs;
    const LimitStatement* said = nullptr;
};

// Of an account that the ledger has filled in; the statements' order.
std::vector<Disagreement> disagreements_of(const Account& account, const Rules& rules);

// Whether a comment or mark that ends the account's use speaks of this one: work would have gone to
// it. Once it has come, an account that isn't exhausted is a mismatch of `remaining` with nothing.
bool judges(const Stop& stop, const Account& account, const Rules& rules);

}  // namespace mis::domain
