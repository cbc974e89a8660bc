// Accounts: what payers opened for patients, from every source that states it (L0, L1,
// L8).
//
// A row of the MIS, a row of a register and an order's limit are an account each; statements of
// different sources about the same patient, kind and time are one. Derived anew on every
// evaluation. Remembered (D1): the id an account was first announced under, the day a strong
// statement without valid_from was first seen, the total that the exchange's first grant met.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/orders.hpp"

namespace mis::domain {

enum class Strength { mis_policy, exchange, partner_register, comment };  // strongest first

inline constexpr Date kAlways{std::numeric_limits<std::int32_t>::min()};  // a start that never was
inline constexpr Date kForever{
    std::numeric_limits<std::int32_t>::max()};  // an end that never comes

struct LimitStatement {  // what one source says of an account
    Strength strength = Strength::mis_policy;
    RecordKey key;   // of the MIS record; empty kind for the others
    std::string id;  // public id it would open under
    // Beside its id: what its account is remembered by; a comment's visits.
    std::vector<std::string> known_by;
    std::string patient, kind, policy_number, payer_name, overrun_payer, order;
    std::vector<std::string> members;
    Money granted;
    bool opened_by_grant = false;  // the exchange stated no first sum (L1)
    std::string granted_by;        // the last message that increased it
    std::optional<Money> used;
    std::optional<Date> valid_from, valid_to;
    // Without valid_from: the day from which it names the account, which a comment's earliest
    // visit, a strong statement's first sight gives (L0).
    Date since = kAlways;
    // Of the time it speaks of: an order's placing, a comment's earliest visit (L1).
    Date begins = kAlways;
    std::optional<Timestamp> cancelled_at;
    std::optional<bool> discounts_allowed, approval_required;

    bool is_strong() const { return strength <= Strength::exchange; }
    Date names_from() const { return valid_from.value_or(since); }
    Date speaks_from() const { return valid_from.value_or(begins); }
    Date speaks_to() const { return valid_to.value_or(kForever); }
};

struct Account {
    std::string id, patient, kind, payer_name, overrun_payer, source;
    std::vector<LimitStatement> statements;  // strongest first
    std::set<std::string> patients;          // owner and members
    std::set<std::string> orders;            // that opened it
    Money granted;
    std::optional<Date> valid_from, valid_to;
    Date strong_from = kForever, weak_from = kForever;  // MIS or exchange, register or comment (L0)
    std::optional<Date> since;                          // strong_from, where no valid_from says it
    std::optional<Money> first_sum;  // what the exchange's grants increase, stated by another (L1)
    std::optional<Timestamp> cancelled_at;
    bool discounts_allowed = true, approval_required = false;
    std::vector<std::string> close_messages;  // inbox limit.closed, in their order
    std::optional<Date> closed_on;            // by the last of them, unless a grant came after it

    // what the ledger filled in
    Money consumed;
    std::vector<const Line*> lines;  // put against it, in D1's order

    bool shared() const { return patients.size() > 1; }
    bool valid_on(Date day) const {
        return !(valid_from && day < *valid_from) && !(valid_to && day > *valid_to);
    }
    // Cancelled or closed before that day.
    bool ended_before(Date day) const;
    // Valid, not ended, and some statement names it by then.
    bool in_force_on(Date day) const {
        return valid_on(day) && day >= std::min(strong_from, weak_from) && !ended_before(day);
    }
    // By register or comment alone: before a stronger statement begins (L0).
    bool named_weakly_on(Date day) const { return day >= weak_from && day < strong_from; }
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
    // The MIS's or register's row, else the order, else its own id: L0's "lowest id", D3's ties.
    const std::string& row() const;
};

// L0: earliest valid_to, then lowest id, in which digits compare as numbers.
bool comes_first(const Account& a, const Account& b);

// Sorted by id; every patient's comments are read (L8). `after` remembers (D1).
std::vector<Account> read_accounts(
    const TypedFacts& typed, const Orders& orders, const GroupFacts& facts, const Announced& before,
    Announced& after, const Rules& rules, const Identity& identity
);

struct RefusedGrant {
    std::string code;    // "unknown_limit", "other_currency", "no_account"
    std::string reason;  // names what is missing, never content
};

// Why a `limit.granted` of the exchange could not stand beside these facts (L1,
// schemas/README.md section 4); nullopt: it can. The message is not among the facts yet.
std::optional<RefusedGrant> refuse_grant(
    JsonView grant, const GroupFacts& facts, const Announced& before, const Rules& rules,
    const Identity& identity
);

}  // namespace mis::domain
