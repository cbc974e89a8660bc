// What a group's consumers believe: a pure fold over the events that were announced (D2,
// I4; issue "restore").
//
// Every announcement that stands has a key ("procedure/ID", "charge/LINE/PAYER/ACCOUNT",
// "item/PLAN/ITEM", …) and keeps the data of its last event, so that whatever must later be
// reversed or withdrawn can be named. evaluate() itself uses apply(), so folding the events of a
// log gives the same value as the live one, withheld events left aside.
//
// The JSON form is stable and canonical; the pipeline stores it per group, in the transaction that
// appends the events.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.hpp"
#include "base/result.hpp"
#include "base/timestamp.hpp"
#include "domain/event.hpp"
#include "domain/row_names.hpp"

namespace mis::domain {

struct Standing {
    std::string event_id;
    std::string type;
    Export leaves = Export::leaves;
    JsonText data;
};

struct LedgerEntry {  // a charge or reversal as it was booked; never removed, so a closed month
                      // never changes (B4)
    std::string charge_id;
    std::string booked_on;  // the clinic's day
    std::string order;
    std::string limit;
    std::string payer;
    Money total;  // negative: a reversal
    Export leaves = Export::leaves;
    std::string patient = {};  // of a receipt, and of a charge without order and account
    std::string party = {};    // X3: the organization that pays, where one is named
    bool written_off = false;  // a receipt that brought no money in
};

struct Announced {
    std::map<std::string, Standing, std::less<>> standing;
    std::vector<LedgerEntry> ledger;
    // Payments, prepayments, refunds (negative) and write-offs as they were booked, and taken back.
    std::vector<LedgerEntry> receipts;
    std::map<std::string, std::int64_t>
        first_seen_us;  // no event tells it: when a patient's white mark was first seen (L8), a
                        // strong statement without valid_from (L0), a request answered (B4)
    // Nor these (D1): the id under which a statement's account was first announced, where it is not
    // the statement's own (L1); the total that the exchange's first grant met, in minor units, by
    // its statement (L1).
    std::map<std::string, std::string, std::less<>> account_of;
    std::map<std::string, std::int64_t, std::less<>> first_sums;
    RowNames rows;  // nor this: the source id behind a public id, which decides D3's ties when the
                    // row is gone

    const Standing* find(std::string_view key) const;
    Money consumed(std::string_view limit
    ) const;  // L2: the standing charges to the account and what overflowed it

    std::string to_text() const;  // canonical JSON
    static Result<Announced> from_text(std::string_view text
    );  // malformed: not what to_text() writes
};

// `event.id`, `type`, `data` and `leaves` are read, nothing else: what a log of sent events has.
// What each account had consumed by the last event that says so, or by the charges that stand,
// whichever is more: of a restored group, whose charges that stayed in the clinic nobody has (L4).
void keep_figures(Announced& announced);
void tell_figures(Announced& announced, const Event& event);  // an event of an account
void forget_figures(Announced& announced);
// What an event says of how its account is remembered (D1).
void tell_names(Announced& announced, const Event& event);
Money consumed_when_told(const Announced& announced, std::string_view limit);

void apply(Announced& announced, const Event& event);
// The same, with its key_of() worked out.
void apply_as(Announced& announced, const Event& event, std::string key);
Announced fold(std::span<const Event> events);

// What several groups announced, once they are one group.
Announced joined(std::vector<Announced> parts);

// The keys of a charge and of a statement that stands for an order, as key_of() gives them.
std::string key_of_charge(
    std::string_view line, std::string_view payer, std::string_view limit, std::string_view party
);
std::string key_of_statement(
    std::string_view order, std::string_view payer, std::string_view currency,
    std::string_view party
);

// The key under which an event's announcement stands; empty: it leaves no trace of its own.
std::string key_of(const Event& event);

}  // namespace mis::domain
