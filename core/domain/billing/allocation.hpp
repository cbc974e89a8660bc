// What payments and write-offs cover (B4): each sum counts once, over the charges that stand.
//
// A patient's money covers that patient's charges; what an organization, an insurer or the clinic
// pays covers its charges of the whole group. Currencies and parties apart, in D1's order of the
// lines, charges and payments that stayed in the clinic too. Money of a payer with several parties
// that names no account covers what the named money left open. What is left over covers nothing;
// refunds beyond what was paid stand against the first charge.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/change.hpp"
#include "domain/limit_ledger/account.hpp"

namespace mis::domain {

struct Covered {
    std::int64_t paid = 0, written_off = 0;  // minor units of the charge's currency
};

// By the key of the standing charge, without "charge/".
using Allocation = std::map<std::string, Covered, std::less<>>;

// Reads what stands after this change set.
Allocation allocate_payments(const Change& change, const std::vector<Account>& accounts);

// The party of the account that a payment names, which may stand under another id than its row's
// (L1); empty: none is named.
std::string party_of_account(
    const std::string& limit, const std::vector<Account>& accounts, const Announced& announced
);

// What a payment moves: the sum that came in (refunds went out), or that was written off.
struct Moved {
    std::int64_t paid = 0, written_off = 0;
};
Moved moved_by(std::string_view kind, const Money& amount);

}  // namespace mis::domain
