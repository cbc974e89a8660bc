#include "sqlite/database.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "sqlite/store_fault.hpp"
#include "support/temporary_folder.hpp"

using namespace mis;

using test::TemporaryFolder;
namespace fs = std::filesystem;

TEST_CASE("an error of SQLite says which file and what to do") {
    const fs::path folder = fs::temp_directory_path() / "mis-gateway-store-fault-test";
    fs::remove_all(folder);
    fs::create_directories(folder);
    const auto file = folder / "store.db";
    const auto told = [&](int code) { return sqlite::remedy_for(code, file); };
    const auto says = [](const std::string& text, std::string_view part) {
        INFO(text);
        return text.find(part) != std::string::npos;
    };
    CHECK(says(told(SQLITE_FULL), folder.string()));
    CHECK(says(told(SQLITE_FULL), "free some disk space"));
    CHECK(says(told(SQLITE_IOERR_FSYNC), "the disk under " + folder.string()));
    CHECK(says(told(SQLITE_BUSY), "another process holds " + file.string()));
    CHECK(says(told(SQLITE_CORRUPT), "mis-gateway restore"));
    CHECK(says(told(SQLITE_CANTOPEN), "readable and writable"));
    CHECK(told(SQLITE_CONSTRAINT).empty());
    CHECK(sqlite::remedy_for(SQLITE_FULL, "").empty());
    CHECK(says(
        sqlite::remedy_for(SQLITE_CANTOPEN, folder / "none/store.db"),
        "is not there: is its disk mounted?"
    ));
    CHECK(sqlite::kind_of(SQLITE_IOERR_WRITE, file) == sqlite::StoreError::Kind::full);
    CHECK(sqlite::kind_of(SQLITE_NOTADB, file) == sqlite::StoreError::Kind::corrupt);

    {  // as it comes out of a real one
        auto database = sqlite::Database::open(file);
        database.execute("create table t (x)");
    }
    std::ofstream(file, std::ios::trunc) << std::string(10'000, 'x');
    std::string damaged;
    try {
        sqlite::Database::open(file).execute("select * from t");
    } catch (const sqlite::StoreError& error) {
        damaged = error.what();
    }
    CHECK(says(damaged, file.string() + " is damaged"));
    fs::remove_all(folder);
}

TEST_CASE("a transaction that is not committed leaves nothing, a committed one survives reopening"
) {
    const TemporaryFolder folder;
    const auto file = folder.path / "store.db";
    {
        auto database = sqlite::Database::open(file);
        database.execute("create table t (id integer primary key, body blob)");
        {
            sqlite::Transaction lost(database);
            lost.prepare("insert into t (body) values (?)").with("lost").run();
        }
        sqlite::Transaction kept(database);
        kept.prepare("insert into t (body) values (?)").with("kept\0x").run();
        kept.prepare("insert into t (body) values (?)").with(std::optional<std::string>()).run();
        kept.commit();
    }
    auto database = sqlite::Database::open(file);
    auto rows = database.prepare("select body from t order by id");
    REQUIRE(rows.step());
    CHECK(rows.text(0) == "kept");
    REQUIRE(rows.step());
    CHECK(rows.is_null(0));
    CHECK_FALSE(rows.step());
}

TEST_CASE("X4: the store is readable by its owner only") {
    const TemporaryFolder folder;
    const auto database = sqlite::Database::open(folder.path / "store.db");
    struct stat status {};
    REQUIRE(::stat((folder.path / "store.db").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("X4: what is sorted on disk lies in the store's folder, not in the system's") {
    const TemporaryFolder folder;
    auto database = sqlite::Database::open(folder.path / "store.db");
    database.execute("pragma temp_store = file; pragma cache_size = 10");
    database.execute(
        "create temp table names as with recursive n(i) as (select 1 union all select i + 1 from n "
        "where i < 20000) select i, hex(randomblob(40)) as name from n"
    );
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (target.find("etilqs") == std::string::npos) continue;
        ++seen;
        CHECK(target.starts_with(std::filesystem::canonical(folder.path).string() + "/"));
    }
    CHECK(seen > 0);
}

TEST_CASE("a misspelt column in double quotes is an error, not a text") {
    auto database = sqlite::Database::open(":memory:");
    database.execute("create table t (a text)");
    CHECK_THROWS_AS(database.execute("select \"b\" from t"), sqlite::StoreError);
}
