// Now: of what stands announced, what people ask for all day: accounts, plans, what is wrong. Rows
// of their own, so that a list of them reads no group (domain_store/now_store.hpp).
//
// A function of the announced state alone, so it can be made anew at any time: what the commands
// `limit` and `plan` print, and nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/money.hpp"
#include "domain/announced.hpp"

namespace mis::domain {

struct AccountNow {
    std::string id, patient, payer, kind, overrun_payer, order;  // patient: empty where shared
    Money granted, consumed;
    std::string valid_from, valid_to;  // days; empty: none
    bool shared = false, closed = false, leaves = false;

    std::int64_t share_permille() const;  // of the limit; 0 where nothing was granted
    friend bool operator==(const AccountNow&, const AccountNow&) = default;
};

struct PlanNow {
    std::string id, patient, order;
    std::int64_t items = 0, performed = 0, voided = 0;
    Money total, performed_total;  // of the items that say a sum in the plan's currency
    bool closed = false, leaves = false;
    friend bool operator==(const PlanNow&, const PlanNow&) = default;
};

struct ProblemNow {
    enum class Kind { mismatch = 1, deviation = 2, violation = 3 } kind = Kind::mismatch;
    std::string key;     // under which it stands announced
    std::string entity;  // account of a mismatch and a violation, plan of a deviation
    std::string patient;
    std::string body;  // the event's data
    friend bool operator==(const ProblemNow&, const ProblemNow&) = default;
};

struct Now {
    std::vector<AccountNow> accounts;
    std::vector<PlanNow> plans;
    std::vector<ProblemNow> problems;
    bool empty() const { return accounts.empty() && plans.empty() && problems.empty(); }
};

Now now_of(const Announced& announced);
// Whether now_of() would find anything: a few look-ups.
bool has_now(const Announced& announced);

}  // namespace mis::domain
