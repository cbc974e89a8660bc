// Orders as the exchange's messages tell them: placed, amended, cancelled, consented, linked to a
// patient (P1, P9, X1, X2).
//
// A message takes effect at the time it was received; an order's items are those of its latest
// version, and an item that a version left out is void from the moment it was received.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "domain/typed_facts.hpp"

namespace mis::domain {

// The reason of an item that its order's cancellation voided.
inline constexpr std::string_view kVoidByCancellation = "cancelled";

struct OrderItem {
    std::string id;  // the exchange's own
    int stage = 1, position = 0;
    Work work;
    std::vector<std::string> teeth;
    Decimal quantity;
    std::optional<Money> total;
    std::optional<Timestamp> void_at;  // declined by an amendment, or cancelled with the order
    std::string void_reason;
};

struct GrantTerms {  // what opens an account, from order.placed's limit or limit.granted
    Money amount;
    std::string payer_name, kind, overrun_payer;
    std::optional<bool> discounts_allowed, approval_required;
    std::optional<Date> valid_from, valid_to;
};

struct Order {
    std::string id, plan_id;
    Timestamp placed_at;
    std::uint64_t position = 0;
    std::vector<OrderItem> items;  // declined ones included
    // X1: what was done on this day of the clinic or later leaves under this order's consent.
    Date exports_from;
    std::optional<Timestamp> cancelled_at;
    std::string cancel_reason;
    std::string amended_by, cancelled_by;  // messages: the last amendment, the cancellation
    std::optional<GrantTerms> limit;
    bool consented = false;  // and not withdrawn since
    std::string ground;      // of the consent
    std::string patient;     // pseudonym once linked; empty: waits
    std::string link_ground;
    std::uint32_t candidates = 0;
};

struct Withdrawal {
    std::string message_id;
    std::uint64_t position = 0;
};

struct Orders {
    std::vector<Order> all;  // earliest first: placed_at, then acceptance order
    std::map<std::string, Withdrawal>
        withdrawn;  // by pseudonym: the latest withdrawal that touches the patient
    // Whose export a withdrawal ended, and a later order's consent began anew: it covers what that
    // order covers, though everybody's records may leave (X1, X2).
    std::set<std::string> resumed;
    std::map<std::string, std::string> merged;  // pseudonym of a merged card → of him it is now

    const std::string& standing_for(const std::string& patient) const {
        const auto into = merged.find(patient);
        return into == merged.end() ? patient : into->second;
    }
    const Order* find(std::string_view id) const;
};

Orders read_orders(
    const GroupFacts& facts, const TypedFacts& typed, const Rules& rules, const Identity& identity
);

std::optional<GrantTerms> read_grant_terms(JsonView terms);
std::string plan_id_of_order(const Identity& identity, std::string_view order);
std::string limit_id_of_order(const Identity& identity, std::string_view order);

}  // namespace mis::domain
