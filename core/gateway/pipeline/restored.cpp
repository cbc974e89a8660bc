#include "gateway/pipeline/restored.hpp"

#include "base/json_fields.hpp"
#include "base/json_text.hpp"
#include "inbox/inbox.hpp"
#include "outbox/store_meta.hpp"

namespace mis::gateway::restored {
namespace {

const std::string kAwaitedSource = "restored_source/", kOrder = "restored_order/",
                  kCard = "restored_card/", kMessage = "restored_message/",
                  kSubject = "restored_subject/", kOwners = "restored_owners",
                  kExchange = "restored_exchange", kGone = "restored_gone";

void strike_out(sqlite::Transaction& transaction, const std::string& key) {
    transaction.prepare("delete from store_meta where key = ?").with(key).run();
}

// Everything under a prefix that ends in '/': '0' is the sign behind it.
std::map<std::string, std::string> all_under(
    sqlite::Database& database, const std::string& prefix
) {
    std::map<std::string, std::string> found;
    std::string end = prefix;
    end.back() = '0';
    auto rows = database.prepare("select key, value from store_meta where key > ? and key < ?");
    rows.with(prefix, end);
    while (rows.step()) found.emplace(rows.string(0).substr(prefix.size()), rows.string(1));
    return found;
}

}  // namespace

void await_source(sqlite::Transaction& transaction, const std::string& source) {
    outbox::set_meta_value(transaction, kAwaitedSource + source, "");
}

void source_was_compared(sqlite::Transaction& transaction, const std::string& source) {
    strike_out(transaction, kAwaitedSource + source);
}

std::set<std::string> sources_awaited(sqlite::Database& database) {
    std::set<std::string> names;
    for (const auto& [name, value] : all_under(database, kAwaitedSource)) names.insert(name);
    return names;
}

bool owners_awaited(sqlite::Database& database) {
    return !outbox::meta_value(database, kOwners).empty();
}

void await_owners(sqlite::Transaction& transaction) {
    outbox::set_meta_value(transaction, kOwners, "awaited");
}

void owners_joined(sqlite::Transaction& transaction) { strike_out(transaction, kOwners); }

bool exchange_awaited(sqlite::Database& database) {
    return !outbox::meta_value(database, kExchange).empty();
}

void await_exchange(sqlite::Transaction& transaction) {
    outbox::set_meta_value(transaction, kExchange, "awaited");
}

void exchange_sent_again(sqlite::Transaction& transaction) { strike_out(transaction, kExchange); }

bool gone_awaited(sqlite::Database& database) {
    return !outbox::meta_value(database, kGone).empty();
}

void await_gone(sqlite::Transaction& transaction) {
    outbox::set_meta_value(transaction, kGone, "awaited");
}

void gone_taken_back(sqlite::Transaction& transaction) { strike_out(transaction, kGone); }

void await_order(
    sqlite::Transaction& transaction, const std::string& order, const OrderTold& told
) {
    outbox::set_meta_value(
        transaction, kOrder + order,
        canonical_json(
            {{"card", told.card},
             {"ground", told.ground},
             {"patient", told.patient},
             {"placed_us", told.placed_us},
             {"received_us", told.received_us}}
        )
    );
}

void order_came(sqlite::Transaction& transaction, const std::string& order) {
    strike_out(transaction, kOrder + order);
}

std::map<std::string, OrderTold> orders_awaited(sqlite::Database& database) {
    std::map<std::string, OrderTold> found;
    for (const auto& [order, text] : all_under(database, kOrder)) {
        const JsonView told(text);
        found[order] = {
            told.find("patient").string(), told.find("card").string(), told.find("ground").string(),
            told.find("placed_us").integer().value_or(0),
            told.find("received_us").integer().value_or(0)};
    }
    return found;
}

void await_card(sqlite::Transaction& transaction, const std::string& record, const CardTold& told) {
    outbox::set_meta_value(
        transaction, kCard + record, told.kind + " " + told.patient + " " + told.source
    );
}

void cards_came(sqlite::Transaction& transaction) {
    for (const auto& [record, told] : all_under(transaction.database(), kCard))
        strike_out(transaction, kCard + record);
}

std::map<std::string, CardTold> cards_awaited(sqlite::Database& database) {
    std::map<std::string, CardTold> found;
    for (const auto& [record, value] : all_under(database, kCard)) {
        const auto kind = value.find(' '), patient = value.find(' ', kind + 1);
        found[record] = {
            value.substr(patient + 1), value.substr(0, kind),
            value.substr(kind + 1, patient - kind - 1)};
    }
    return found;
}

void await_message(
    sqlite::Transaction& transaction, const std::string& message, const MessageTold& told
) {
    outbox::set_meta_value(
        transaction, kMessage + message,
        canonical_json({{"names", told.names}, {"received_us", told.received_us}})
    );
}

void message_came(sqlite::Transaction& transaction, const std::string& message) {
    strike_out(transaction, kMessage + message);
}

std::map<std::string, MessageTold> messages_awaited(sqlite::Database& database) {
    std::map<std::string, MessageTold> found;
    for (const auto& [message, text] : all_under(database, kMessage)) {
        const JsonView told(text);
        auto& one = found[message];
        one.received_us = told.find("received_us").integer().value_or(0);
        for (const JsonView name : told.find("names").elements())
            one.names.push_back(name.string());
    }
    return found;
}

void await_subject(
    sqlite::Transaction& transaction, std::int64_t position, const std::string& subject
) {
    outbox::set_meta_value(transaction, kSubject + std::to_string(position), subject);
}

void subject_came(sqlite::Transaction& transaction, std::int64_t position) {
    strike_out(transaction, kSubject + std::to_string(position));
}

std::map<std::int64_t, std::string> subjects_awaited(sqlite::Database& database) {
    std::map<std::int64_t, std::string> found;
    for (auto& [position, subject] : all_under(database, kSubject))
        found.emplace(std::stoll(position), subject);
    return found;
}

void give_up_messages(sqlite::Transaction& transaction) {
    exchange_sent_again(transaction);
    const inbox::Inbox inbox(transaction.database());  // what came is no longer lost
    for (const auto& [order, told] : orders_awaited(transaction.database()))
        if (!inbox.knows_order(order)) order_came(transaction, order);
    for (const auto& [message, told] : messages_awaited(transaction.database()))
        if (!inbox.knows_message(message)) message_came(transaction, message);
}

bool was_accepted(sqlite::Database& database, const Json& message) {
    const std::string id = text_in(message, "id");
    return !id.empty() && messages_awaited(database).contains(id);
}

std::int64_t received_us(sqlite::Database& database, const Json& message, std::int64_t now_us) {
    std::int64_t told_us = 0;
    if (text_in(message, "type") == "order.placed") {
        const auto awaited = orders_awaited(database);
        const auto told = awaited.find(text_in(message, "order"));
        if (told == awaited.end()) return now_us;
        // Placed when it was received, where it does not say when.
        const bool says_when = message.contains("placed_at") && !message["placed_at"].is_null();
        told_us = !says_when && told->second.placed_us > 0 ? told->second.placed_us
                                                           : told->second.received_us;
    } else {
        const auto awaited = messages_awaited(database);
        const auto told = awaited.find(text_in(message, "id"));
        if (told != awaited.end()) told_us = told->second.received_us;
    }
    return told_us > 0 && told_us < now_us ? told_us : now_us;
}

}  // namespace mis::gateway::restored
