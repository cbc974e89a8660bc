// Accounts: what payers opened for patients, from every source that states it (L0, L1,
// L8).
//
// An account is one per patient and kind, its sources merged by strength; its id is the first it
// was announced under. Derived anew on every evaluation; only the id comes from what was announced.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/orders.hpp"

namespace mis::domain {

enum class Strength { mis_policy, exchange, partner_register, comment };  // strongest first

struct LimitStatement {  // what one source says of an account
    Strength strength = Strength::mis_policy;
    RecordKey key;   // of the MIS record; empty kind for the others
    std::string id;  // public id it would open under
    std::string patient, kind, policy_number, payer_name, overrun_payer, order, message_id;
    std::vector<std::string> members;
    Money granted;
    std::optional<Money> used;
    std::optional<Date> valid_from, valid_to,
        counts_from;  // counts_from: the first visit carrying the comment
    std::optional<Timestamp> cancelled_at;
    std::optional<bool> discounts_allowed, approval_required;
    std::int64_t first_seen_us = 0;
};

struct Account {
    std::string id, patient, kind, payer_name, overrun_payer, source;
    std::vector<LimitStatement> statements;  // strongest first
    std::set<std::string> patients;          // owner and members
    std::set<std::string> orders;            // that opened it
    Money granted;
    std::optional<Date> valid_from, valid_to, counts_from;
    std::optional<Timestamp> cancelled_at;
    bool discounts_allowed = true, approval_required = false;
    std::vector<std::string> close_messages;  // inbox limit.closed, in their order

    // what the ledger filled in
    Money consumed;
    std::vector<const Line*> lines;  // put against it, in D1's order

    bool shared() const { return patients.size() > 1; }
    bool weak() const { return statements.front().strength >= Strength::partner_register; }
    bool valid_on(Date day) const {
        return !(valid_from && day < *valid_from) && !(valid_to && day > *valid_to);
    }
    Money overrun() const {
        return Money{
            consumed.minor > granted.minor ? consumed.minor - granted.minor : 0, granted.currency};
    }
    Money remaining() const {
        return Money{
            granted.minor > consumed.minor ? granted.minor - consumed.minor : 0, granted.currency};
    }
    bool exhausted() const {
        return consumed >= granted && !(consumed.is_zero() && granted.is_zero());
    }
    // Organizations may be named; who made a present may not.
    std::string party() const { return kind == "gift" ? std::string() : payer_name; }
};

// Accounts in the order of their ids' first appearance; every patient's comments are read (L8).
std::vector<Account> read_accounts(
    const TypedFacts& typed, const Orders& orders, const GroupFacts& facts, const Announced& before,
    const Rules& rules, const Identity& identity
);

}  // namespace mis::domain
