#include "domain_store/group_store.hpp"

#include <doctest/doctest.h>

#include "sqlite/migration.hpp"

using namespace mis;
using namespace mis::domain_store;

TEST_CASE(
    "L1: patients joined by a shared account become one group, and what was announced of each is "
    "kept"
) {
    auto database = sqlite::Database::open(":memory:");
    sqlite::create_tables(database);
    GroupStore store(database);
    const Party anna{PartyKind::patient, "s", "1"}, boris{PartyKind::patient, "s", "2"},
        order{PartyKind::order, "", "O1"};
    sqlite::Transaction transaction(database);
    const auto first = store.join(transaction, std::vector{anna}).group;
    const auto second = store.join(transaction, std::vector{boris, order}).group;
    CHECK(first != second);
    store.save(transaction, first, {R"({"a":1})", 500, {"pa"}});
    store.save(transaction, second, {R"({"b":1})", 300, {"pb"}});
    CHECK(store.due(400, 10) == std::vector{second});

    const auto joined = store.join(transaction, std::vector{boris, anna});
    CHECK(joined.group == first);
    CHECK(joined.announced == std::vector<std::string>{R"({"a":1})", R"({"b":1})"});
    CHECK(store.group_of(order) == first);
    CHECK(store.group_of_entity("pb") == first);
    CHECK(store.parties(first).size() == 3);
    CHECK(store.group_of_entity("nobody") == std::nullopt);
    transaction.commit();
}

TEST_CASE("D2: what one of the joined announced is kept, also where the oldest said nothing yet") {
    auto database = sqlite::Database::open(":memory:");
    sqlite::create_tables(database);
    GroupStore store(database);
    const Party anna{PartyKind::patient, "s", "1"}, order{PartyKind::order, "", "O1"};
    sqlite::Transaction transaction(database);
    const auto silent = store.join(transaction, std::vector{order}).group;
    const auto spoken = store.join(transaction, std::vector{anna}).group;
    store.save(transaction, spoken, {R"({"a":1})", std::nullopt, {}});

    const auto joined = store.join_groups(transaction, {silent, spoken});
    CHECK(joined.group == silent);
    CHECK(joined.announced == std::vector<std::string>{R"({"a":1})"});
    CHECK(store.announced(silent) == R"({"a":1})");
    transaction.commit();
}
