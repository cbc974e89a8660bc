// What a store brought back from a backup and the log of sent events still waits for (I4). Its
// books are newer than its records and messages: until a source was compared whole with the MIS, no
// group of it gets a meaning, for old facts against new books would take back what was sent since.
// And what events say because of a message that was lost with the store holds its groups until the
// exchange sends it again: an order of which events tell, and whatever they name as `request`.
//
// Kept in store_meta, written by `restore`, struck out by the pipeline; nothing waits in a store
// that was never restored.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway::restored {

void await_source(sqlite::Transaction& transaction, const std::string& source);
void source_was_compared(sqlite::Transaction& transaction, const std::string& source);
std::set<std::string> sources_awaited(sqlite::Database& database);

// Whether accounts and plans of which events tell still have to be brought to their owners.
bool owners_awaited(sqlite::Database& database);
void await_owners(sqlite::Transaction& transaction);
void owners_joined(sqlite::Transaction& transaction);

// The exchange's messages are lost with the store, and not of each of them an event tells: one may
// have withdrawn a consent before anything was said of its patient. Until the exchange has sent
// again what it sent since the backup, or somebody says that it has nothing to send, nothing is
// given a meaning, so that nothing of a patient leaves against his word.
bool exchange_awaited(sqlite::Database& database);
void await_exchange(sqlite::Transaction& transaction);
void exchange_sent_again(sqlite::Transaction& transaction);

// Whether what events tell of those whom no record names any more is still to be taken back.
bool gone_awaited(sqlite::Database& database);
void await_gone(sqlite::Transaction& transaction);
void gone_taken_back(sqlite::Transaction& transaction);

struct OrderTold {
    std::string patient;           // the pseudonym that the order was linked to; empty: none
    std::string card;              // that it was linked to at first, if that one was merged since
    std::string ground;            // of the match
    std::int64_t placed_us = 0;    // when its plan was opened; 0: nothing says it
    std::int64_t received_us = 0;  // when it was first spoken of; 0: nothing says it
};
void await_order(sqlite::Transaction& transaction, const std::string& order, const OrderTold& told);
void order_came(sqlite::Transaction& transaction, const std::string& order);
std::map<std::string, OrderTold> orders_awaited(sqlite::Database& database);

struct MessageTold {
    std::int64_t received_us = 0;    // not after the first event that it caused
    std::vector<std::string> names;  // public ids of what it concerned
};
void await_message(
    sqlite::Transaction& transaction, const std::string& message, const MessageTold& told
);
void message_came(sqlite::Transaction& transaction, const std::string& message);
std::map<std::string, MessageTold> messages_awaited(sqlite::Database& database);

// A message that came while nobody could know whether what it names exists (the patient, account or
// plan of this public id): it waits for that, and is attached to it then. By inbox positions.
void await_subject(
    sqlite::Transaction& transaction, std::int64_t position, const std::string& subject
);
void subject_came(sqlite::Transaction& transaction, std::int64_t position);
std::map<std::int64_t, std::string> subjects_awaited(sqlite::Database& database);

// The exchange has nothing more to send: what only its messages explained is taken back.
void give_up_messages(sqlite::Transaction& transaction);

// Whether events tell that the message was accepted before it was lost.
bool was_accepted(sqlite::Database& database, const Json& message);
// When the message was received, as far as events tell: what a message changes depends on its day.
// `now_us` where they don't.
std::int64_t received_us(sqlite::Database& database, const Json& message, std::int64_t now_us);

// P11: a record that was last told under a patient whom another source's events name too, so that a
// link of cards may be lost with the store.
struct CardTold {
    std::string source, kind;  // of the record
    std::string patient;       // the pseudonym
};
void await_card(sqlite::Transaction& transaction, const std::string& record, const CardTold& told);
void cards_came(sqlite::Transaction& transaction);                          // all of them
std::map<std::string, CardTold> cards_awaited(sqlite::Database& database);  // by public id

}  // namespace mis::gateway::restored
