// What a store brought back from a backup and the log of sent events still waits for (I4). Its
// books are newer than its records: until a source was compared whole with the MIS, no group of it
// gets a meaning, for old facts against new books would take back what was sent since. And an order
// of which events tell, but whose message was lost with the store, holds its group until the
// exchange sends it again.
//
// Kept in store_meta, written by `restore`, struck out by the pipeline; nothing waits in a store
// that was never restored.
#pragma once

#include <map>
#include <set>
#include <string>

#include "sqlite/database.hpp"

namespace mis::gateway::restored {

void await_source(sqlite::Transaction& transaction, const std::string& source);
void source_was_compared(sqlite::Transaction& transaction, const std::string& source);
std::set<std::string> sources_awaited(sqlite::Database& database);

struct LinkTold {
    std::string patient;  // the pseudonym that the order was linked to; empty: none
    std::string ground;   // of the match
};
void await_order(sqlite::Transaction& transaction, const std::string& order, const LinkTold& link);
void order_came(sqlite::Transaction& transaction, const std::string& order);
std::map<std::string, LinkTold> orders_awaited(sqlite::Database& database);

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
