// Performed lines and payments as events (P6, B1, B3): announced, reversed, announced anew.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/change.hpp"
#include "domain/limit_ledger/account.hpp"

namespace mis::domain {

// Lines whose charges must be reversed whatever their split says, and why: deleted, corrected,
// returned, merged. By line id.
using ReversedLines = std::map<std::string, std::string>;

ReversedLines announce_lines(Change& change);
void announce_payments(Change& change, const std::vector<Account>& accounts);

}  // namespace mis::domain
