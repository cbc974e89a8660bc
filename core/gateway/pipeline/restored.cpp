#include "gateway/pipeline/restored.hpp"

#include "outbox/store_meta.hpp"

namespace mis::gateway::restored {
namespace {

const std::string kSource = "restored_source/", kOrder = "restored_order/",
                  kCard = "restored_card/";

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
    outbox::set_meta_value(transaction, kSource + source, "");
}

void source_was_compared(sqlite::Transaction& transaction, const std::string& source) {
    strike_out(transaction, kSource + source);
}

std::set<std::string> sources_awaited(sqlite::Database& database) {
    std::set<std::string> names;
    for (const auto& [name, value] : all_under(database, kSource)) names.insert(name);
    return names;
}

void await_order(sqlite::Transaction& transaction, const std::string& order, const LinkTold& link) {
    outbox::set_meta_value(transaction, kOrder + order, link.patient + " " + link.ground);
}

void order_came(sqlite::Transaction& transaction, const std::string& order) {
    strike_out(transaction, kOrder + order);
}

std::map<std::string, LinkTold> orders_awaited(sqlite::Database& database) {
    std::map<std::string, LinkTold> found;
    for (const auto& [order, value] : all_under(database, kOrder)) {
        const auto space = value.find(' ');  // a pseudonym has none
        found[order] = {value.substr(0, space), value.substr(space + 1)};
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

}  // namespace mis::gateway::restored
