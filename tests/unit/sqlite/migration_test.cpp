#include "sqlite/migration.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <sstream>

#include "support/temporary_folder.hpp"

using namespace mis;
using test::TemporaryFolder;

namespace {

// A store as a released program left it: tests/fixtures/stores/README.md.
std::string dump_of(const std::string& name) {
    std::ifstream file(std::string(MIS_SOURCE_DIR) + "/tests/fixtures/stores/" + name);
    REQUIRE(file);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// What the tables are, without what differs by the way they came about: spaces, comments.
std::set<std::string> tables_of(sqlite::Database& database) {
    std::set<std::string> found;
    auto rows = database.prepare("select sql from sqlite_schema where sql is not null");
    while (rows.step()) {
        std::string text;
        for (const char letter : rows.text(0))
            if (letter != ' ' && letter != '\n') text += letter;
        found.insert(text);
    }
    return found;
}

std::int64_t count(sqlite::Database& database, const std::string& sql) {
    auto row = database.prepare(sql);
    REQUIRE(row.step());
    return row.integer(0);
}

}  // namespace

TEST_CASE("a new store has the newest layout and remembers its steps") {
    auto database = sqlite::Database::open(":memory:");
    CHECK(sqlite::layout_of(database) == 0);
    sqlite::create_tables(database);
    CHECK(sqlite::layout_of(database) == sqlite::newest_layout());
    CHECK(count(database, "select count(*) from store_migration") == sqlite::newest_layout());
    sqlite::create_tables(database);  // again: nothing to do
}

TEST_CASE("a store of layout 1 gets the tables of a new one and keeps its rows") {
    auto fresh = sqlite::Database::open(":memory:");
    sqlite::create_tables(fresh);
    auto database = sqlite::Database::open(":memory:");
    database.execute("pragma foreign_keys = off");
    database.execute(dump_of("layout-1/store.sql"));
    REQUIRE(sqlite::layout_of(database) == 1);
    const auto records = count(database, "select count(*) from record");
    const auto events = count(database, "select last_position from outbox_state");
    REQUIRE(records > 0);
    REQUIRE(events > 0);
    sqlite::create_tables(database);
    CHECK(sqlite::layout_of(database) == sqlite::newest_layout());
    CHECK(count(database, "select count(*) from record") == records);
    CHECK(count(database, "select last_position from outbox_state") == events);
    auto migrated = tables_of(database);
    for (const auto& table : tables_of(fresh)) CHECK_MESSAGE(migrated.contains(table), table);
}

TEST_CASE("layout 11: a store of layout 10 knows from its upgrade on what left about whom") {
    auto database = sqlite::Database::open(":memory:");
    database.execute("pragma foreign_keys = off");
    database.execute(dump_of("layout-10/store.sql"));
    REQUIRE(sqlite::layout_of(database) == 10);
    const auto events = count(database, "select last_position from outbox_state");
    REQUIRE(events > 0);
    sqlite::create_tables(database);
    CHECK(sqlite::layout_of(database) == sqlite::newest_layout());
    CHECK(count(database, "select last_position from outbox_state") == events);
    CHECK(count(database, "select count(*) from trace") == 0);
    CHECK(count(database, "select count(*) from store_migration where layout = 11") == 1);
    auto fresh = sqlite::Database::open(":memory:");
    sqlite::create_tables(fresh);
    auto migrated = tables_of(database);
    for (const auto& table : tables_of(fresh)) CHECK_MESSAGE(migrated.contains(table), table);
}

TEST_CASE("layout 5: whom a corrected record named before is joined once more, and then no longer"
) {
    auto database = sqlite::Database::open(":memory:");
    for (const auto& step : sqlite::migrations().first(4)) sqlite::migrate(database, step);
    database.execute(
        "insert into change_stream (id, source, name, kind) values (1, 'mis', 'procedure', "
        "'procedure'), (2, 'mis', 'limit', 'limit');"
        "insert into record_link (stream, key, party, owner) values (1, 10, 100, 200), (2, 20, "
        "300, "
        "200);"
    );
    sqlite::create_tables(database);
    CHECK(count(database, "select count(*) from passing_tie") == 2);  // both ways
    CHECK(
        count(database, "select count(*) from passing_tie where party = 200 and other = 100") == 1
    );
    CHECK(count(database, "select count(*) from record_link where stream = 1") == 0);
    CHECK(count(database, "select count(*) from record_link where stream = 2") == 1);
}

TEST_CASE("a step that fails changes nothing; done again it is done") {
    auto database = sqlite::Database::open(":memory:");
    sqlite::create_tables(database);
    const int before = sqlite::layout_of(database);
    const sqlite::Migration broken{
        before + 1, "invented", "create table half (a); insert into half values (1, 2);"};
    CHECK_THROWS_AS(sqlite::migrate(database, broken), sqlite::StoreError);
    CHECK(sqlite::layout_of(database) == before);
    CHECK(count(database, "select count(*) from sqlite_schema where name = 'half'") == 0);
    const sqlite::Migration mended{
        before + 1, "invented", "create table half (a); insert into half values (1);"};
    sqlite::migrate(database, mended);
    CHECK(sqlite::layout_of(database) == before + 1);
    sqlite::migrate(database, mended);  // another process had been first
    CHECK(count(database, "select count(*) from half") == 1);
}

TEST_CASE("a long statement has a heartbeat, also one that copies") {
    const TemporaryFolder folder;
    auto database = sqlite::Database::open(folder.path / "store.db");
    database.execute(
        "create table t as with recursive n(i) as (select 1 union all select i + 1 from n where i "
        "< 200000) select i, hex(i) as text from n"
    );
    int beats = 0;
    {
        const sqlite::Heartbeat heartbeat(database, std::chrono::milliseconds(0), [&] { ++beats; });
        sqlite::copy_store(database, folder.path / "copy.db");
        CHECK(beats > 0);
    }
    beats = 0;
    database.execute("create index t_text on t (text)");
    CHECK(beats == 0);
}

TEST_CASE("X4: a copy of the store is whole, and its owner's only") {
    const TemporaryFolder folder;
    auto database = sqlite::Database::open(folder.path / "store.db");
    sqlite::create_tables(database);
    const auto file = folder.path / "copy.db";
    sqlite::copy_store(database, file);
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    auto copy = sqlite::Database::open(file, sqlite::Access::read_only);
    CHECK(sqlite::layout_of(copy) == sqlite::newest_layout());
    CHECK(sqlite::store_bytes(database) >= static_cast<std::uint64_t>(status.st_size));
    CHECK_THROWS(sqlite::copy_store(database, file));  // nothing is written over
}
