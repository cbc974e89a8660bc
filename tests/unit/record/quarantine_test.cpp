#include "record/quarantine.hpp"

#include <doctest/doctest.h>

#include "record/mask.hpp"
#include "sqlite/migration.hpp"

using namespace mis;
using namespace mis::record;

namespace {

constexpr std::int64_t kDay = 86'400LL * 1'000'000;
constexpr std::int64_t kNow = 1'772'440'000'000'000;

struct Store {
    sqlite::Database database = sqlite::Database::open(":memory:");
    Store() { sqlite::create_tables(database); }

    Quarantine::Put put(
        const std::string& key, const std::string& reason, const std::string& raw,
        std::int64_t now = kNow
    ) {
        sqlite::Transaction transaction(database);
        const auto outcome =
            Quarantine::put(transaction, "demo", {{"patient", key, reason, raw}}, now);
        transaction.commit();
        return outcome;
    }
    bool resolve(const std::string& key, std::int64_t now = kNow) {
        sqlite::Transaction transaction(database);
        const bool done = Quarantine::resolve(transaction, "demo", "patient", key, now);
        transaction.commit();
        return done;
    }
    std::int64_t purge(std::int64_t now) {
        sqlite::Transaction transaction(database);
        const auto touched = Quarantine::purge(transaction, now);
        transaction.commit();
        return touched;
    }
    QuarantinedRow only(Masking masking = Masking::plain) {
        const auto rows = Quarantine::list(
            database, {"demo", "patient", QuarantineFilter::State::all, 10}, masking
        );
        REQUIRE(rows.size() == 1);
        return rows.front();
    }
};

}  // namespace

TEST_CASE(
    "a bad row is kept once; failing again in the same way writes nothing, in another way counts"
) {
    Store store;
    CHECK(
        store.put("7", "column birth_date: not a date", R"({"b":"x"})") == Quarantine::Put::written
    );
    CHECK(
        store.put("7", "column birth_date: not a date", R"({"b":"x"})", kNow + 1) ==
        Quarantine::Put::unchanged
    );
    CHECK(store.only().attempts == 1);
    CHECK(
        store.put("7", "column birth_date: not a date", R"({"b":"y"})", kNow + 2) ==
        Quarantine::Put::written
    );
    CHECK(store.only().attempts == 2);
    CHECK(store.only().raw_row == R"({"b":"y"})");
    CHECK(store.only().first_seen_us == kNow);
    CHECK(store.only().last_seen_us == kNow + 2);
    CHECK(Quarantine::any_open(store.database, "demo", "patient"));
    CHECK_FALSE(Quarantine::any_open(store.database, "demo", "procedure"));
}

TEST_CASE("X4: the raw row goes when the row is resolved, the entry after 30 more days") {
    Store store;
    store.put("7", "r", R"({"b":"x"})");
    CHECK_FALSE(store.resolve("8"));
    CHECK(store.resolve("7"));
    CHECK_FALSE(store.resolve("7"));
    CHECK(store.only().raw_row.empty());
    CHECK(store.only().resolved_us == kNow);
    CHECK_FALSE(Quarantine::any_open(store.database, "demo", "patient"));
    CHECK(store.purge(kNow + 29 * kDay) == 0);
    CHECK(store.purge(kNow + 31 * kDay) == 1);
    CHECK(Quarantine::list(store.database, {"", "", QuarantineFilter::State::all, 10}).empty());
}

TEST_CASE(
    "X4: an unresolved raw row goes after 30 days and is not kept a second time; the reason stays"
) {
    Store store;
    store.put("7", "r", R"({"b":"x"})");
    CHECK(store.purge(kNow + 31 * kDay) == 1);
    CHECK(store.only().raw_row.empty());
    CHECK(store.only().reason == "r");
    CHECK(store.put("7", "r", R"({"b":"x"})", kNow + 32 * kDay) == Quarantine::Put::unchanged);
    CHECK(store.put("7", "another", R"({"b":"x"})", kNow + 32 * kDay) == Quarantine::Put::written);
    CHECK(store.only().raw_row.empty());
}

TEST_CASE("a resolved row that fails again is open again, with its own 30 days") {
    Store store;
    store.put("7", "r", R"({"b":"x"})");
    store.resolve("7");
    CHECK(store.put("7", "r", R"({"b":"x"})", kNow + 40 * kDay) == Quarantine::Put::written);
    CHECK(store.only().first_seen_us == kNow + 40 * kDay);
    CHECK_FALSE(store.only().resolved_us.has_value());
}

TEST_CASE(
    "rows with unreadable keys are known by content, and resolved when a whole pass did not see "
    "them"
) {
    Store store;
    store.put("", "the key id is missing", R"({"b":"x"})");
    store.put("", "the key id is missing", R"({"b":"y"})");
    CHECK(Quarantine::counts(store.database).at(0).open == 2);
    sqlite::Transaction transaction(store.database);
    CHECK(
        Quarantine::resolve_keyless_but(transaction, "demo", "patient", {R"({"b":"y"})"}, kNow) == 1
    );
    transaction.commit();
    CHECK(Quarantine::list(store.database, {}).size() == 1);
}

TEST_CASE("the rows to read again are the open ones of reading; meaning keeps its own list (P6)") {
    Store store;
    store.put("7", "r", "{}");
    store.put("8", "r", "{}");
    store.resolve("8");
    sqlite::Transaction transaction(store.database);
    Quarantine::put(
        transaction, "demo", {{"patient", "7", "none to return", "{}"}}, kNow,
        Quarantine::Part::meaning
    );
    CHECK(Quarantine::counts(store.database).at(0).open == 1);  // each row once
    CHECK(
        Quarantine::open_keys(store.database, "demo", "patient") == std::vector<std::string>{"7"}
    );
    CHECK(Quarantine::resolve(transaction, "demo", "patient", "7", kNow));
    CHECK(Quarantine::open_keys(store.database, "demo", "patient").empty());
    CHECK(Quarantine::counts(store.database).at(0).open == 1);
    CHECK(Quarantine::resolve(transaction, "demo", "patient", "7", kNow, Quarantine::Part::meaning)
    );
    CHECK(Quarantine::counts(store.database).empty());
}

TEST_CASE("a dismissed row stays off the list until its content or its reason is another") {
    Store store;
    store.put("7", "r", R"({"b":"x"})");
    store.put("", "the key id is missing", R"({"b":"x"})");
    const auto dismiss = [&](const std::string& row) {
        sqlite::Transaction transaction(store.database);
        const auto entry =
            Quarantine::dismiss(transaction, "demo", "patient", row, "a test row", kNow + 1);
        transaction.commit();
        return entry.has_value();
    };
    CHECK_FALSE(dismiss("8"));
    CHECK_FALSE(dismiss(""));  // names no row, also not the one without a key
    CHECK(dismiss("#2"));
    CHECK(dismiss("7"));
    CHECK_FALSE(dismiss("7"));
    CHECK(Quarantine::list(store.database, {}).empty());
    CHECK(Quarantine::show(store.database, 1, Masking::plain)->raw_row.empty());
    CHECK(Quarantine::show(store.database, 1)->dismissed == "a test row");
    CHECK(store.put("7", "r", R"({"b":"x"})", kNow + 2) == Quarantine::Put::unchanged);
    store.purge(kNow + 400 * kDay);
    CHECK(store.put("7", "r", R"({"b":"x"})", kNow + 400 * kDay) == Quarantine::Put::unchanged);
    CHECK(store.put("7", "r", R"({"b":"y"})", kNow + 401 * kDay) == Quarantine::Put::written);
    CHECK(Quarantine::list(store.database, {}).size() == 1);
}

TEST_CASE("X4: fewer days are kept when the clinic says so") {
    Store store;
    store.put("7", "r", R"({"b":"x"})");
    sqlite::Transaction transaction(store.database);
    CHECK(Quarantine::purge(transaction, kNow + 2 * kDay, 3) == 0);
    CHECK(Quarantine::purge(transaction, kNow + 4 * kDay, 3) == 1);
    CHECK(Quarantine::show(store.database, 1, Masking::plain)->raw_row.empty());
}

TEST_CASE("I3: what is shown keeps the shape of values and none of their content, unless asked for"
) {
    Store store;
    store.put("7", "r", R"({"name":"Тестова А.","born":"31.02.1990","n":null})");
    CHECK(
        store.only(Masking::masked).raw_row ==
        R"({"born":"00.00.0000","n":null,"name":"xxxxxxx x."})"
    );
    CHECK(Quarantine::show(store.database, 1)->raw_row.find("Тестова") == std::string::npos);
    CHECK(
        Quarantine::show(store.database, 1, Masking::plain)->raw_row.find("Тестова") !=
        std::string::npos
    );
    CHECK_FALSE(Quarantine::show(store.database, 2).has_value());
    CHECK(
        masked_body(
            "patient",
            R"({"channel":"web","last_name":"Тестова","phones":["+79000000001"],"source_id":"7"})"
        ) == R"({"channel":"web","last_name":"xxxxxxx","phones":["+00000000000"],"source_id":"7"})"
    );
}

TEST_CASE("P6: a record set aside by its meaning stands until it makes sense, once, beside its row"
) {
    Store store;
    const std::string body = R"({"service_code":"G","total":{"currency":"RUB","minor":-50000}})";
    const auto settle = [&](const std::vector<std::string>& reasons,
                            const std::string& owner = "demo/77") {
        std::vector<SetAside> rows;
        for (const auto& reason : reasons)
            rows.push_back({"demo", "patient", "p1", owner, reason, body});
        sqlite::Transaction transaction(store.database);
        const bool written = Quarantine::settle_meaning(transaction, {owner}, rows, kNow);
        transaction.commit();
        return written;
    };
    const auto open = [&] {
        const auto counts = Quarantine::counts(store.database);
        return counts.empty() ? 0 : counts.front().open;
    };
    CHECK_FALSE(Quarantine::any_set_aside(store.database));
    CHECK(settle({"a return of nothing"}));
    CHECK_FALSE(settle({"a return of nothing"}));  // the same again writes nothing
    CHECK(Quarantine::any_set_aside(store.database));
    CHECK(open() == 1);
    const auto row = store.only();
    CHECK(row.row_key == "p1");
    CHECK(row.reason == "a return of nothing");
    CHECK(row.raw_row == body);
    CHECK(store.only(Masking::masked).raw_row.find("50000") == std::string::npos);
    CHECK_FALSE(store.resolve("p1"));  // that its row was read again mends nothing
    CHECK(open() == 1);

    settle({}, "demo/78");  // another patient's meaning says nothing of it
    CHECK(open() == 1);
    store.put("p1", "column sum: not a sum", "{}");  // unreadable by now: still one row
    CHECK(open() == 1);
    store.resolve("p1");
    CHECK(open() == 1);
    CHECK(settle({}));
    CHECK(open() == 0);
    CHECK(settle({"a return of nothing"}));  // and again
    CHECK(open() == 1);
}
