#include "domain_store/group_store.hpp"

#include <doctest/doctest.h>

#include "base/lz4.hpp"
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

TEST_CASE("what was announced is kept packed; what an older program kept as text is read") {
    auto database = sqlite::Database::open(":memory:");
    sqlite::create_tables(database);
    GroupStore store(database);
    std::string text = "{\"standing\":{";
    for (int i = 0; i < 200; ++i)
        text += "\"procedure/" + std::to_string(i) + "\":{\"total\":\"1.00\"},";
    text += "}}";
    sqlite::Transaction transaction(database);
    const auto group =
        store.join(transaction, std::vector{Party{PartyKind::patient, "s", "1"}}).group;
    const auto kept_bytes = [&] {
        auto row = database.prepare(
            "select length(announced) + coalesce(length(packed), 0) from meaning_group"
        );
        REQUIRE(row.step());
        return static_cast<std::size_t>(row.integer(0));
    };
    store.save(transaction, group, {text, {}, {}});
    CHECK(store.announced(group) == text);
    CHECK(kept_bytes() * 3 < text.size());
    store.save(transaction, group, {"", {}, {}, packed_state(text)});  // by another thread
    CHECK(store.announced(group) == text);
    store.save(transaction, group, {"{}", {}, {}});  // short: as it is
    CHECK(store.announced(group) == "{}");
    CHECK(kept_bytes() == 2);
    transaction.prepare("update meaning_group set announced = ?, packed = null").with(text).run();
    CHECK(store.announced(group) == text);

    SUBCASE("joined groups keep the survivor's") {
        store.save(transaction, group, {"", {}, {}, packed_state(text)});
        const auto other =
            store.join(transaction, std::vector{Party{PartyKind::patient, "s", "2"}}).group;
        CHECK(store.join_groups(transaction, {group, other}).announced == std::vector{text});
        CHECK(store.announced(group) == text);
    }
    SUBCASE("a new epoch forgets both forms") {
        store.save(transaction, group, {"", {}, {}, packed_state(text)});
        store.forget_all_announced(transaction);
        CHECK(store.announced(group).empty());
    }
    SUBCASE("a damaged one is told, not taken for nothing") {
        std::string frame = lz4_packed(text);
        frame.resize(frame.size() / 2);
        transaction.prepare("update meaning_group set announced = '', packed = ?")
            .bind_blob(1, frame)
            .run();
        CHECK_THROWS_AS(store.announced(group), sqlite::StoreError);
    }
    transaction.commit();
}
