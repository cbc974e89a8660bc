#include "disclosure/audit.hpp"

#include <doctest/doctest.h>

#include "sqlite/migration.hpp"

using namespace mis;
using namespace mis::disclosure;

namespace {

sqlite::Database three_entries() {
    auto database = sqlite::Database::open(":memory:");
    sqlite::create_tables(database);
    sqlite::Transaction transaction(database);
    for (int i = 1; i <= 3; ++i) {
        AuditEntry entry;
        entry.at_us = i;
        entry.action = "delivered";
        entry.who = "sink exchange";
        entry.ground = "order O1";
        entry.ids = {
            "0123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcde" + std::to_string(i)};
        Audit::append(transaction, entry);
    }
    transaction.commit();
    return database;
}

}  // namespace

TEST_CASE("X2: the audit is a chain, numbered without gaps, and gives back what was written") {
    auto database = three_entries();
    const auto verdict = Audit::verify(database);
    CHECK(verdict.entries == 3);
    CHECK_FALSE(verdict.broken_at);
    const auto entries = Audit::show(database, 2, 1);
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].number == 2);
    CHECK(entries[0].ids[1] == "0123456789abcdef0123456789abcde2");
    CHECK(Audit::show(database, 3, 9).at(0).hash == verdict.head);
}

TEST_CASE("X2: verify names the first broken link") {
    for (const char* change :
         {"update audit set ground = 'order O2' where number = 2",
          "update audit set ids = x'00' || substr(ids, 2) where number = 2",
          "update audit set hash = (select hash from audit where number = 3) where number = 2"}) {
        CAPTURE(change);
        auto database = three_entries();
        database.execute(change);
        CHECK(Audit::verify(database).broken_at == 2);
        CHECK(Audit::verify(database).reason == "changed");
    }
    auto database = three_entries();
    database.execute("delete from audit where number = 2");
    CHECK(Audit::verify(database).broken_at == 2);
    CHECK(Audit::verify(database).reason == "missing");
}
