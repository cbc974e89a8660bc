// Sources that cannot do everything: what the ladder leaves out, and what it does instead. Random
// histories over them: announced_equals_committed_test.cpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/timestamp.hpp"
#include "change/stream_pass.hpp"
#include "record/quarantine.hpp"
#include "sqlite/migration.hpp"
#include "unit/change/fake_mis.hpp"

using namespace mis;
using namespace mis::change;
using namespace mis::change::testing;
using record::Quarantine;
using Rows = source::Capabilities::Rows;

namespace lacking_test {
namespace {

struct Clinic {
    FakeClock clock;
    FakeMis mis{clock};
    IdentityMapper mapper;
    sqlite::Database database = [] {
        auto opened = sqlite::Database::open(":memory:");
        sqlite::create_tables(opened);
        return opened;
    }();
    RecordStore records{database};
    PassOptions options;
    source::StreamDeclaration stream = declaration(false, true, false);
    std::optional<StreamPass> pass;

    explicit Clinic(source::Capabilities can) { mis.can = can; }

    FakeRow row(std::int64_t days_from_now, const std::string& value) {
        const std::int64_t now_us = mis.now_us() / kUsPerSecond * kUsPerSecond;
        return {now_us, now_us + days_from_now * kUsPerDay, "7", value, "", 0};
    }
    void add(const std::string& key, std::int64_t days_from_now, const std::string& value = "v") {
        mis.rows[key] = row(days_from_now, value);
    }
    Result<PassReport> run(PassMode mode = PassMode::poll) {
        clock.advance(std::chrono::minutes(1));
        if (!pass)
            pass =
                StreamPass::create("demo", stream, mis, mapper, records, database, clock, options)
                    .value();
        mis.reads.clear();
        return pass->run(mode, [&](CaptureBatch&& batch) -> Result<CaptureCounts> {
            sqlite::Transaction transaction(database);
            auto counts = apply(transaction, records, batch, clock.unix_us());
            std::set<std::string> set_aside;
            for (const auto& issue : batch.issues) {
                Quarantine::put(transaction, "demo", {issue}, clock.unix_us());
                set_aside.insert(issue.row_key);
            }
            for (const auto& key : batch.settled)
                if (!set_aside.contains(key))
                    Quarantine::resolve(transaction, "demo", "visit", key, clock.unix_us());
            transaction.commit();
            return counts;
        });
    }
    std::string value(const std::string& key) {
        const auto found = records.find({"demo", "procedure", key});
        return found ? parse_json(found->body).value()["value"].get<std::string>() : "-";
    }
    std::vector<std::string> waiting() {
        auto keys = Quarantine::open_keys(database, "demo", "visit");
        std::sort(keys.begin(), keys.end());
        return keys;
    }
};

using Keys = std::vector<std::string>;
constexpr bool kNoIds = false, kOwnClock = true;

}  // namespace

TEST_CASE("without questions by keys only two complete reads call a record gone") {
    Clinic clinic({Rows::by_pages, kNoIds, kOwnClock});
    clinic.stream.columns = {{"id", source::ColumnType::integer}};
    for (int i = 1; i <= 6; ++i) clinic.add(std::to_string(i), i % 3);
    REQUIRE(clinic.run().has_value());
    clinic.mis.rows.erase("3");
    for (int polls = 0; polls < 3; ++polls) {
        REQUIRE(clinic.run().has_value());
        CHECK(clinic.value("3") == "v");
    }
    REQUIRE(clinic.run(PassMode::reconcile).has_value());
    CHECK(clinic.value("3") == "-");
    CHECK(clinic.value("4") == "v");

    // It comes back between the two reads.
    clinic.mis.rows.erase("5");
    int reads = 0;
    clinic.mis.before_read = [&] {
        // the window, the first read of everything, the second
        if (++reads == 3) clinic.add("5", 1, "again");
    };
    REQUIRE(clinic.run(PassMode::reconcile).has_value());
    CHECK(reads >= 3);
    CHECK(clinic.value("5") == "again");
}

TEST_CASE("without questions by keys a row that was met and makes its record no more is believed") {
    Clinic clinic({Rows::by_pages, kNoIds, kOwnClock});
    clinic.add("1", 0);
    clinic.add("2", 0);
    REQUIRE(clinic.run().has_value());
    clinic.mis.rows["1"].value = "skip";
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("1") == "-");
    CHECK(clinic.value("2") == "v");
}

TEST_CASE("without questions by keys two rows of one key are set aside where one read meets both") {
    for (const Rows rows : {Rows::by_pages, Rows::at_once, Rows::by_period}) {
        CAPTURE(static_cast<int>(rows));
        Clinic clinic({rows, kNoIds, kOwnClock});
        clinic.add("1", 0, "first");
        clinic.add("2", 0);
        REQUIRE(clinic.run().has_value());
        clinic.mis.twins.emplace("1", clinic.row(1, "second"));
        REQUIRE(clinic.run().has_value());
        CHECK(clinic.value("1") == "first");
        CHECK(clinic.waiting() == Keys{"1"});

        // A slice that shows one of them alone is no proof of anything.
        clinic.mis.twins.begin()->second.window_us += 300 * kUsPerDay;
        clinic.mis.rows["1"].value = "third";
        REQUIRE(clinic.run().has_value());
        CHECK(clinic.value("1") == "first");
        CHECK(clinic.waiting() == Keys{"1"});

        clinic.mis.twins.clear();
        REQUIRE(clinic.run(PassMode::reconcile).has_value());
        REQUIRE(clinic.run().has_value());
        CHECK(clinic.value("1") == "third");
        CHECK(clinic.waiting().empty());
    }
}

TEST_CASE("a row in quarantine comes out of it by what a slice shows, or by its absence") {
    Clinic clinic({Rows::at_once, kNoIds, kOwnClock});
    for (const char* key : {"1", "2", "3"}) clinic.add(key, 0, "bad");
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.waiting() == Keys{"1", "2", "3"});
    clinic.mis.rows["1"].value = "good";
    clinic.mis.rows["2"].value = "skip";
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("1") == "good");
    CHECK(clinic.waiting() == Keys{"3"});
    clinic.mis.rows.erase("3");
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.waiting() == Keys{"3"});
    REQUIRE(clinic.run(PassMode::reconcile).has_value());
    CHECK(clinic.waiting().empty());
}

TEST_CASE("an answer of more than one batch is seen whole before any of it is taken") {
    for (const bool ids : {true, false}) {
        CAPTURE(ids);
        Clinic clinic({Rows::at_once, ids, kOwnClock});
        clinic.options.batch_rows = 4;
        for (int i = 1; i <= 30; ++i) clinic.add(std::to_string(i), 0);
        clinic.mis.twins.emplace("1", clinic.row(0, "other"));
        clinic.mis.twins.emplace("29", clinic.row(0, "other"));
        REQUIRE(clinic.run().has_value());
        CHECK(clinic.value("1") == "-");
        CHECK(clinic.value("29") == "-");
        CHECK(clinic.waiting() == Keys{"1", "29"});
        CHECK(clinic.records.standing_count({"demo", "visit", "procedure"}) == 28);
    }
}

TEST_CASE("a source of periods: the declared history is everything") {
    Clinic clinic({Rows::by_period, kNoIds, kOwnClock});
    clinic.stream.window->history_days = 400;
    for (const int days : {-500, -390, -30, 0, 4, 60})
        clinic.add(std::to_string(1000 + days), days);
    REQUIRE(clinic.run().value().backfilled);
    CHECK(clinic.records.standing_count({"demo", "visit", "procedure"}) == 4);

    clinic.mis.rows["970"].value = "edited long after";
    clinic.mis.rows.erase("610");
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("970") == "v");
    CHECK(clinic.value("610") == "v");
    REQUIRE(clinic.run(PassMode::reconcile).has_value());
    CHECK(clinic.value("970") == "edited long after");
    CHECK(clinic.value("610") == "-");

    // What has grown too old to be asked for stays.
    clinic.clock.advance(std::chrono::hours(24 * 500));
    REQUIRE(clinic.run(PassMode::reconcile).has_value());
    CHECK(clinic.value("970") == "edited long after");
}

TEST_CASE("a period tells at once what is gone where nothing can move out of it") {
    Clinic clinic({Rows::by_period, kNoIds, kOwnClock, true});
    clinic.stream.window->history_days = 30;
    for (const int day : {-10, 0, 4}) clinic.add(std::to_string(1000 + day), day);
    REQUIRE(clinic.run().value().backfilled);
    clinic.mis.rows.erase("1004");
    clinic.mis.rows.erase("990");  // before the window: a read of everything tells
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("1004") == "-");
    CHECK(clinic.value("1000") == "v");
    CHECK(clinic.value("990") == "v");
    // missing once only
    clinic.mis.rows.erase("1000");
    clinic.mis.reads.clear();
    clinic.mis.breaks = [&] { return clinic.mis.reads.size() > 1; };
    CHECK(clinic.run().error().kind == ErrorKind::unavailable);
    CHECK(clinic.value("1000") == "v");
    clinic.mis.breaks = [] { return false; };
    clinic.add("1000", 0);
    clinic.pass.reset();
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("1000") == "v");
}

TEST_CASE("a backfill by periods goes on where it was cut off") {
    Clinic clinic({Rows::by_period, kNoIds, kOwnClock});
    clinic.stream.window->history_days = 100;
    for (int day = -99; day < 0; day += 3) clinic.add(std::to_string(1000 + day), day);
    int batches = 0;
    clinic.mis.breaks = [&] { return ++batches > 12; };
    CHECK(clinic.run().error().kind == ErrorKind::unavailable);
    const auto before = clinic.records.standing_count({"demo", "visit", "procedure"});
    CHECK(before > 0);
    clinic.pass.reset();
    clinic.mis.breaks = [] { return false; };
    CHECK(clinic.run().value().backfilled);
    CHECK(clinic.mis.reads.front().from > local_text(clinic.clock.unix_us() - 90 * kUsPerDay));
    CHECK(clinic.records.standing_count({"demo", "visit", "procedure"}) == 33);
}

TEST_CASE("a source of periods needs a window") {
    Clinic clinic({Rows::by_period, true, kOwnClock});
    clinic.stream.window.reset();
    const auto made = StreamPass::create(
        "demo", clinic.stream, clinic.mis, clinic.mapper, clinic.records, clinic.database,
        clinic.clock
    );
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().kind == ErrorKind::misconfigured);
    CHECK(made.error().text.find("declare a window") != std::string::npos);
}

TEST_CASE("without a clock the cursor of a stamp follows what the rows say") {
    for (const std::int64_t hours : {-20, 20}) {
        CAPTURE(hours);
        Clinic clinic({Rows::by_pages, true, false});
        clinic.stream = declaration(true, false, false);
        clinic.mis.skew_us = hours * 3'600 * kUsPerSecond;
        clinic.add("1", 0);
        REQUIRE(clinic.run().has_value());
        REQUIRE(clinic.run().has_value());
        clinic.clock.advance(std::chrono::hours(40));
        REQUIRE(clinic.run().has_value());
        clinic.mis.rows["1"] = clinic.row(0, "changed");
        clinic.add("2", 0);
        REQUIRE(clinic.run().has_value());
        CHECK(clinic.value("1") == "changed");
        CHECK(clinic.value("2") == "v");
        CHECK(clinic.pass->state().stamp_cursors_us.at(0) <= clinic.clock.unix_us());
    }
}

TEST_CASE("row versions: nothing is asked while none is new, and a counter set back is noticed") {
    Clinic clinic({});
    clinic.stream = declaration(false, false, false);
    clinic.stream.stamps = {"V.VERSION"};
    clinic.stream.tokens = {0};
    std::uint64_t bound = 100;
    clinic.mis.lowest_open_version = [&] { return bound; };
    for (int i = 1; i <= 5; ++i) {
        clinic.add(std::to_string(i), 0);
        clinic.mis.rows[std::to_string(i)].version = static_cast<std::uint64_t>(90 + i);
    }
    REQUIRE(clinic.run().has_value());
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.mis.reads.empty());

    clinic.mis.rows["2"].value = "new";
    clinic.mis.rows["2"].version = 100;
    clinic.mis.rows["3"].value = "still open";
    clinic.mis.rows["3"].version = 101;
    bound = 101;
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("2") == "new");
    CHECK(clinic.value("3") == "v");
    REQUIRE_FALSE(clinic.mis.reads.empty());
    CHECK(clinic.mis.reads.front().from == "0x0000000000000064");
    CHECK(clinic.mis.reads.front().to == "0x0000000000000065");

    // Far more than one slice's numbers at once.
    bound = 5'000'000;
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("3") == "still open");
    CHECK(clinic.pass->state().token_cursors.at(0) == token_text(bound));

    // The process ends; the cursor is where it was committed.
    clinic.pass.reset();
    bound = 50;
    clinic.mis.rows["4"].value = "of the older base";
    clinic.mis.rows["4"].version = 40;
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("4") == "of the older base");
    CHECK(clinic.pass->state().token_cursors.at(0) == token_text(50));
    clinic.mis.rows["5"].value = "after";
    clinic.mis.rows["5"].version = 55;
    bound = 60;
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("5") == "after");
}

TEST_CASE("told keys are read again whatever their stamps say, and a list that broke off is noticed"
) {
    Clinic clinic({});
    clinic.options.small_stream_rows = 0;
    clinic.stream = declaration(true, false, false);
    clinic.mis.listed.emplace();
    clinic.mis.version_now = 10;
    const auto write = [&](const std::string& key, const std::optional<std::string>& value) {
        if (value)
            clinic.mis.rows.at(key).value = *value;
        else
            clinic.mis.rows.erase(key);
        clinic.mis.listed->push_back({++clinic.mis.version_now, key});
    };
    for (int i = 1; i <= 9; ++i) clinic.add(std::to_string(i), 0);
    clinic.clock.advance(std::chrono::hours(30));
    REQUIRE(clinic.run().has_value());
    REQUIRE(clinic.run().has_value());
    clinic.clock.advance(std::chrono::hours(30));

    write("1", "edited without a stamp");
    write("2", std::nullopt);
    write("3", "skip");
    clinic.mis.listed->push_back({clinic.mis.version_now, "3"});  // told twice
    write("4", std::nullopt);
    clinic.add("4", 0, "deleted and there again");
    clinic.mis.rows.at("4").stamp_us = 0;
    clinic.mis.listed->push_back({++clinic.mis.version_now, "nobody's"});
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("1") == "edited without a stamp");
    CHECK(clinic.value("2") == "-");
    CHECK(clinic.value("3") == "-");
    CHECK(clinic.value("4") == "deleted and there again");
    CHECK(clinic.pass->state().told_cursor == std::to_string(clinic.mis.version_now));

    // Nothing new: nothing is asked but the stamps.
    REQUIRE(clinic.run().has_value());
    for (const auto& read : clinic.mis.reads) CHECK(read.by == source::Slice::By::stamp);

    // What was told meanwhile is not kept: everything is compared, once.
    clinic.mis.rows.at("5").value = "not told";
    clinic.mis.version_now += 5;
    clinic.mis.listed_from = clinic.mis.version_now;
    clinic.mis.listed->clear();
    clinic.pass.reset();  // a new process, too
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("5") == "not told");
    REQUIRE(clinic.run().has_value());
    for (const auto& read : clinic.mis.reads) CHECK(read.by == source::Slice::By::stamp);

    // An older base: its list ends before ours.
    clinic.mis.version_now = 3;
    clinic.mis.listed_from = 0;
    clinic.mis.rows.at("6").value = "of the older base";
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("6") == "of the older base");
    CHECK(clinic.pass->state().told_cursor == "3");

    // No list any more, and then one again: what happened in between was not told.
    clinic.mis.listed.reset();
    clinic.mis.rows.erase("7");
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.pass->state().told_cursor.empty());
    CHECK(clinic.value("7") == "v");
    clinic.mis.listed.emplace();
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("7") == "-");
}

TEST_CASE("a told loss of too much waits for a human, and is not forgotten meanwhile") {
    Clinic clinic({});
    clinic.options.small_stream_rows = 0;
    clinic.options.hold_count = 3;
    clinic.stream = declaration(true, false, false);
    clinic.mis.listed.emplace();
    for (int i = 1; i <= 9; ++i) clinic.add(std::to_string(i), 0);
    REQUIRE(clinic.run().has_value());
    clinic.clock.advance(std::chrono::hours(30));
    for (int i = 1; i <= 6; ++i) {
        clinic.mis.rows.erase(std::to_string(i));
        clinic.mis.listed->push_back({++clinic.mis.version_now, std::to_string(i)});
    }
    for (int polls = 0; polls < 2; ++polls) {
        const auto report = clinic.run();
        REQUIRE(report.has_value());
        CHECK(report->removals_held);
        CHECK(clinic.value("1") == "v");
        CHECK(holds(clinic.database).size() == 1);
    }
    {
        sqlite::Transaction transaction(clinic.database);
        REQUIRE(release_hold(transaction, "demo", "visit"));
        transaction.commit();
    }
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("1") == "-");
    CHECK(clinic.value("6") == "-");
    CHECK(clinic.value("7") == "v");
    CHECK(holds(clinic.database).empty());
}

TEST_CASE("a note of a deletion is asked for again before it counts") {
    Clinic clinic({});
    clinic.options.small_stream_rows = 0;
    clinic.stream = declaration(true, false, false);
    auto noted = declaration(true, false, false);
    noted.name = "visit.deletes";
    clinic.stream.deletes = std::make_shared<source::StreamDeclaration>(noted);
    for (int i = 1; i <= 9; ++i) clinic.add(std::to_string(i), 0);
    REQUIRE(clinic.run().has_value());
    clinic.clock.advance(std::chrono::hours(30));
    REQUIRE(clinic.run().has_value());
    clinic.mis.rows.erase("2");
    for (const char* key : {"2", "3", "nobody's"})
        clinic.mis.noted_deletes.emplace(clinic.mis.now_us(), key);
    REQUIRE(clinic.run().has_value());
    CHECK(clinic.value("2") == "-");
    CHECK(clinic.value("3") == "v");
    // The same notes once more, within the overlap: those that we hold nothing of cost nothing.
    REQUIRE(clinic.run().has_value());
    for (const auto& read : clinic.mis.reads)
        if (read.by == source::Slice::By::ids) CHECK(read.ids == Keys{"3"});
}

}  // namespace lacking_test
