#include "change/stream_pass.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/timestamp.hpp"
#include "change/key_ranges.hpp"
#include "change/reconciliation.hpp"
#include "sqlite/migration.hpp"
#include "unit/change/fake_mis.hpp"

using namespace mis;
using namespace mis::change;
using namespace mis::change::testing;

namespace stream_pass_test {
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
    source::StreamDeclaration stream = declaration(true, true, false);
    std::optional<StreamPass> pass;
    int commits = 0;

    Clinic() { options.hold_count = 3; }

    void add(
        const std::string& key, std::int64_t days_from_now, const std::string& value = "v",
        const std::string& parent = ""
    ) {
        const std::int64_t now_us = clock.unix_us() / 1'000'000 * 1'000'000;
        mis.rows[key] = {now_us, now_us + days_from_now * kUsPerDay, "7", value, parent};
    }
    Result<PassReport> run(PassMode mode = PassMode::poll) {
        if (!pass)
            pass =
                StreamPass::create("demo", stream, mis, mapper, records, database, clock, options)
                    .value();
        return pass->run(mode, [&](CaptureBatch&& batch) -> Result<CaptureCounts> {
            sqlite::Transaction transaction(database);
            auto total = database.prepare("select total_changes()");
            total.step();
            const auto changes_before = total.integer(0);
            total.reset();
            const auto counts = apply(transaction, records, batch, clock.unix_us());
            total.step();
            if (total.integer(0) != changes_before) ++commits;
            total.reset();
            transaction.commit();
            return counts;
        });
    }
    // Hours go by after the backfill: what may commit late is not read back for any more.
    void no_more_late_commits() {
        for (const int hours : {1, 2}) {
            clock.advance(std::chrono::hours(hours));
            run().value();
        }
    }
    PassReport poll() {
        clock.advance(std::chrono::minutes(1));
        return run().value();
    }
    PassReport reconcile() {
        clock.advance(std::chrono::minutes(1));
        return run(PassMode::reconcile).value();
    }
    std::string value(const std::string& key) {
        const auto found = records.find({"demo", "procedure", key});
        return found ? parse_json(found->body).value()["value"].get<std::string>() : "-";
    }
    std::size_t standing() {
        return static_cast<std::size_t>(records.standing_count({"demo", "visit", "procedure"}));
    }
};

}  // namespace

TEST_CASE("backfill walks everything and goes on where it was cut off") {
    Clinic clinic;
    clinic.options.walk_rows = 4;
    for (int i = 1; i <= 10; ++i) clinic.add(std::to_string(i), -100);
    int batches = 0;
    clinic.mis.breaks = [&] { return ++batches > 4; };
    CHECK(clinic.run().error().kind == ErrorKind::unavailable);
    CHECK(clinic.standing() == 6);  // a page leaves its last key to the next
    clinic.pass.reset();
    clinic.mis.breaks = [] { return false; };
    clinic.mis.reads.clear();
    CHECK(clinic.poll().backfilled);
    CHECK(clinic.mis.reads.front().after_id == "6");
    CHECK(clinic.standing() == 10);
}

TEST_CASE("an idle poll writes nothing") {
    Clinic clinic;
    for (int i = 1; i <= 10; ++i) clinic.add(std::to_string(i), i - 5);
    clinic.run().value();
    clinic.poll();
    clinic.commits = 0;
    for (int i = 0; i < 5; ++i) {
        const auto report = clinic.poll();
        CHECK_FALSE(report.counts.wrote());
    }
    CHECK(clinic.commits == 0);
}

TEST_CASE("A2: a row that vanished from the window is removed, one that moved out of it is not") {
    Clinic clinic;
    clinic.stream = declaration(false, true, false);
    clinic.options.tail_overlap_keys = 0;
    clinic.add("1", 0);
    clinic.add("2", 0);
    clinic.run().value();
    clinic.mis.rows.erase("1");
    clinic.mis.rows["2"].window_us += 100 * kUsPerDay;
    clinic.mis.rows["2"].value = "moved";
    const auto report = clinic.poll();
    CHECK(report.counts.removed == 1);
    CHECK(report.reread == 2);
    CHECK(clinic.value("1") == "-");
    CHECK(clinic.value("2") == "moved");
    CHECK(clinic.poll().reread == 0);
}

TEST_CASE("a quarantined row counts as present, its last good version stands") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.run().value();
    clinic.add("1", 0, "bad");
    const auto report = clinic.poll();
    CHECK(report.issues > 0);
    CHECK(report.counts.removed == 0);
    CHECK(clinic.value("1") == "v");
    clinic.add("1", 0, "mended");
    clinic.poll();
    CHECK(clinic.value("1") == "mended");
}

TEST_CASE("an unreadable key: this pass removes nothing in that stream") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.add("2", 0);
    clinic.run().value();
    clinic.mis.rows.erase("1");
    clinic.add("2", 0, "unreadable");
    CHECK(clinic.poll().removals_held);
    CHECK(clinic.standing() == 2);
    clinic.add("2", 0, "w");
    CHECK(clinic.poll().counts.removed == 1);
}

TEST_CASE("a row left out on purpose takes its record away") {
    Clinic clinic;
    clinic.add("1", 100);
    clinic.run().value();
    clinic.add("1", 100, "skip");
    CHECK(clinic.poll().counts.removed == 1);
}

TEST_CASE("a window that lost too much at once is held for a human") {
    Clinic clinic;
    for (int i = 1; i <= 8; ++i) clinic.add(std::to_string(i), 0);
    clinic.run().value();
    for (int i = 1; i <= 5; ++i) clinic.mis.rows.erase(std::to_string(i));
    CHECK(clinic.poll().removals_held);
    CHECK(clinic.standing() == 8);
    REQUIRE(holds(clinic.database).size() == 1);
    CHECK(holds(clinic.database)[0].missing == 5);
    CHECK(holds(clinic.database)[0].known == 8);
    clinic.commits = 0;
    CHECK(clinic.poll().reread == 0);  // the source is not asked again and again
    CHECK(clinic.commits == 0);

    SUBCASE("released: removed") {
        sqlite::Transaction transaction(clinic.database);
        CHECK(release_hold(transaction, "demo", "visit"));
        transaction.commit();
        CHECK(clinic.poll().counts.removed == 5);
        CHECK(holds(clinic.database).empty());
    }
    SUBCASE("the rows came back: the hold ends by itself") {
        for (int i = 1; i <= 5; ++i) clinic.add(std::to_string(i), 0);
        clinic.poll();
        CHECK(holds(clinic.database).empty());
        CHECK(clinic.standing() == 8);
    }
}

TEST_CASE("reconciliation finds what polls cannot, and shows it as drift") {
    Clinic clinic;
    for (int i = 1; i <= 4; ++i) clinic.add(std::to_string(i), -100);
    clinic.run().value();
    clinic.no_more_late_commits();
    clinic.mis.rows["1"].value = "edited without a stamp";
    clinic.mis.rows.erase("2");
    clinic.add("9", -100);
    clinic.mis.rows["9"].stamp_us -= 30 * kUsPerDay;
    CHECK_FALSE(clinic.poll().counts.wrote());
    clinic.reconcile();
    CHECK(clinic.pass->state().drift == Drift{1, 1, 1});
    clinic.reconcile();
    CHECK(clinic.pass->state().drift == Drift{0, 0, 0});
}

TEST_CASE("a reconciliation that is interrupted goes on where it stood, also after a restart") {
    Clinic clinic;
    clinic.stream.columns = {{"id", source::ColumnType::integer}};
    clinic.options.walk_rows = 4;
    for (int i = 1; i <= 30; ++i) clinic.add(std::to_string(i), -100);
    clinic.run().value();
    clinic.no_more_late_commits();
    for (const char* key : {"2", "9", "30"}) clinic.mis.rows.erase(key);
    clinic.mis.rows["3"].value = "edited without a stamp";
    clinic.mis.rows["29"].value = "edited without a stamp";
    const auto walked = [&] {
        std::vector<std::string> after;
        for (const auto& read : clinic.mis.reads)
            if (read.by == source::Slice::By::key_walk) after.push_back(read.after_id);
        clinic.mis.reads.clear();
        return after;
    };
    int batches = 0;
    clinic.mis.before_read = [&] {
        if (!clinic.mis.reads.empty() && clinic.mis.reads.back().by == source::Slice::By::key_walk)
            ++batches;
    };
    clinic.mis.breaks = [&] { return batches == 3; };
    walked();
    CHECK(clinic.run(PassMode::reconcile).error().kind == ErrorKind::unavailable);
    CHECK(walked() == std::vector<std::string>{"", "4", "7", "11"});
    CHECK(reconciliation_is_under_way(clinic.database, "demo"));
    CHECK(clinic.records.standing_count({"demo", "visit", "procedure"}) == 30);  // nothing removed

    clinic.pass.reset();  // a restart
    clinic.mis.breaks = [] { return false; };
    const auto report = clinic.poll();
    CHECK(walked() == std::vector<std::string>{"11", "14", "17", "20", "23", "26"});
    CHECK(report.counts.removed == 3);
    CHECK(clinic.pass->state().drift == Drift{0, 2, 3});
    CHECK_FALSE(reconciliation_is_under_way(clinic.database, "demo"));
    CHECK(missing_so_far(clinic.database, {"demo", "visit", "procedure"}).empty());
    clinic.poll();
    CHECK(walked().empty());
    clinic.reconcile();
    CHECK(clinic.pass->state().drift == Drift{});
}

TEST_CASE("a commit later than the overlap teaches a longer one") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.run().value();
    clinic.poll();
    clinic.add("2", 0);
    clinic.mis.rows["2"].stamp_us -=
        10 * 60'000'000LL;  // stamped, then ten minutes in its transaction
    clinic.poll();
    CHECK(clinic.value("2") == "v");  // the window found it
    CHECK(clinic.pass->state().overlap_us >= 10 * 60'000'000LL);
    clinic.add("3", -100);
    clinic.mis.rows["3"].stamp_us -= 10 * 60'000'000LL;
    clinic.poll();
    CHECK(clinic.value("3") == "v");  // outside the window: the overlap did
}

TEST_CASE(
    "a first start, before any commit lag was seen: what was open then is found when it commits"
) {
    constexpr std::int64_t kMinuteUs = 60'000'000;
    Clinic clinic;
    clinic.add("1", 0);
    const std::int64_t first_us = clinic.clock.unix_us();
    const auto commits_late = [&](const char* key, std::int64_t stamped_us) {
        clinic.add(key, 90);  // beyond every window
        clinic.mis.rows[key].stamp_us = stamped_us / 1'000'000 * 1'000'000;
        clinic.poll();
    };
    const auto stamps_read = [&] {
        return std::count_if(
            clinic.mis.reads.begin(), clinic.mis.reads.end(),
            [](const source::Slice& slice) { return slice.by == source::Slice::By::stamp; }
        );
    };
    SUBCASE("the source tells since when: five hours") {
        clinic.mis.oldest_open_us = first_us - 300 * kMinuteUs;
        clinic.run().value();
        for (int minute = 0; minute < 30; ++minute) clinic.poll();
        commits_late("2", first_us - 299 * kMinuteUs);
        CHECK(clinic.value("2") == "v");
    }
    SUBCASE("the source tells that nothing is open: no more than the overlap is read") {
        clinic.mis.oldest_open_us = first_us;
        clinic.run().value();
        for (int minute = 0; minute < 5; ++minute) clinic.poll();
        commits_late("2", first_us - 10 * kMinuteUs);
        CHECK(clinic.value("2") == "-");
    }
    SUBCASE("nobody tells: an hour back, for an hour") {
        clinic.run().value();
        for (int minute = 0; minute < 50; ++minute) clinic.poll();
        commits_late("2", first_us - 59 * kMinuteUs);
        CHECK(clinic.value("2") == "v");
        clinic.pass.reset();  // a restart forgets nothing
        commits_late("3", first_us + kMinuteUs / 2);
        CHECK(clinic.value("3") == "v");
    }
    SUBCASE("then the overlap is what was learnt") {
        clinic.run().value();
        for (int minute = 0; minute < 62; ++minute) clinic.poll();
        clinic.mis.reads.clear();
        clinic.poll();
        REQUIRE(stamps_read() == 1);
        const auto slice =
            std::find_if(clinic.mis.reads.begin(), clinic.mis.reads.end(), [](const auto& one) {
                return one.by == source::Slice::By::stamp;
            });
        CHECK(*local_us(slice->to) - *local_us(slice->from) < 4 * kMinuteUs);
        CHECK(clinic.pass->state().late_from_us == 0);
    }
}

TEST_CASE("the source's clock set back: nothing is lost") {
    Clinic clinic;
    clinic.stream = declaration(true, false, false);
    clinic.run().value();
    clinic.poll();
    clinic.clock.set_wall(clinic.clock.unix_us() - 3'600'000'000);
    clinic.add("1", 0);
    clinic.poll();
    CHECK(clinic.value("1") == "v");
}

TEST_CASE("fan-out by rows: re-reading the parent removes its children that are gone") {
    Clinic clinic;
    clinic.stream = declaration(true, false, true);
    for (const char* child : {"11", "12", "13"}) clinic.add(child, 0, "v", "1");
    clinic.run().value();
    clinic.mis.rows.erase("12");
    clinic.clock.advance(std::chrono::minutes(5));
    for (const char* child : {"11", "13"}) clinic.add(child, 0, "v", "1");  // the head's stamp
    CHECK(clinic.poll().counts.removed == 1);
    CHECK(clinic.value("12") == "-");
    CHECK(clinic.value("13") == "v");
}

TEST_CASE(
    "a stream without stamps and window: large ones read the key tail, small ones are compared "
    "whole"
) {
    Clinic clinic;
    clinic.stream = declaration(false, false, false);
    clinic.add("1", 0);
    clinic.add("100", 0);
    SUBCASE("tail") {
        clinic.options.small_stream_rows = 1;
        clinic.run().value();
        clinic.add("101", 0);
        clinic.add("99", 0);  // taken earlier from the generator, committed later
        clinic.mis.rows.erase("1");
        clinic.poll();
        CHECK(clinic.standing() == 4);
        CHECK(clinic.reconcile().counts.removed == 1);
    }
    SUBCASE("small") {
        clinic.run().value();
        clinic.add("1", 0, "renamed");
        clinic.mis.rows.erase("100");
        clinic.poll();
        CHECK(clinic.value("1") == "renamed");
        CHECK(clinic.standing() == 1);
    }
}

TEST_CASE("a degraded stream remembers why, moves no cursor, and removes nothing") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.run().value();
    clinic.mis.rows.erase("1");
    clinic.mis.breaks = [] { return true; };
    clinic.clock.advance(std::chrono::minutes(1));
    const auto failed = clinic.run();
    REQUIRE_FALSE(failed);
    CHECK(failed.error().text == "reading visit: connection lost");
    {
        sqlite::Transaction transaction(clinic.database);
        clinic.pass->failed(transaction, failed.error());
        transaction.commit();
    }
    CHECK(load_state(clinic.database, clinic.pass->stream()).error == failed.error().text);
    CHECK(clinic.standing() == 1);
    clinic.mis.breaks = [] { return false; };
    CHECK(clinic.poll().counts.removed == 1);
    CHECK(load_state(clinic.database, clinic.pass->stream()).error.empty());
}

TEST_CASE("another base under the same name is held until somebody accepts it") {
    Clinic clinic;
    const auto check = [&](const char* fingerprint, KeyRanges keys = KeyRanges::reached) {
        sqlite::Transaction transaction(clinic.database);
        const auto verdict =
            check_fingerprint(transaction, "demo", fingerprint, keys, clinic.clock.unix_us());
        transaction.commit();
        return verdict;
    };
    CHECK(check("a") == FingerprintVerdict::first_seen);
    CHECK(check("a") == FingerprintVerdict::same);
    CHECK(check("b") == FingerprintVerdict::held);
    CHECK(holds(clinic.database).size() == 1);
    CHECK(check("a") == FingerprintVerdict::same);
    CHECK(holds(clinic.database).empty());
    check("b");
    {
        sqlite::Transaction transaction(clinic.database);
        CHECK(release_hold(transaction, "demo", ""));
        transaction.commit();
    }
    CHECK(check("b") == FingerprintVerdict::same);

    // the same base, but an older copy of it
    CHECK(check("b", KeyRanges::sunk) == FingerprintVerdict::held);
    CHECK(holds(clinic.database).at(0).reason.find("older copy") != std::string::npos);
    CHECK(check("b") == FingerprintVerdict::same);  // the newer one is back
    CHECK(holds(clinic.database).empty());
    check("b", KeyRanges::sunk);
    {
        sqlite::Transaction transaction(clinic.database);
        CHECK(release_hold(transaction, "demo", ""));
        transaction.commit();
    }
    CHECK(check("b", KeyRanges::sunk) == FingerprintVerdict::same);
    CHECK(check("b") == FingerprintVerdict::same);  // its keys came up
    CHECK(check("b", KeyRanges::sunk) == FingerprintVerdict::held);
}

TEST_CASE("key ranges: an older copy of the base lacks the newest rows; deleted rows are no such") {
    Clinic clinic;
    const std::vector<std::string> streams{clinic.stream.name};
    const auto compare = [&] {
        return compare_key_ranges(clinic.database, clinic.mis, "demo", streams).value();
    };
    for (int key = 1; key <= 9; ++key) clinic.add(std::to_string(key), 0);
    clinic.run().value();
    clinic.mis.rows.clear();
    CHECK(compare() == KeyRanges::reached);  // nine rows say nothing
    for (int key = 1; key <= 30; ++key) clinic.add(std::to_string(key), 0);
    clinic.poll();
    CHECK(compare() == KeyRanges::reached);
    const auto newest = clinic.mis.rows;
    for (int key = 22; key <= 30; ++key) clinic.mis.rows.erase(std::to_string(key));
    CHECK(compare() == KeyRanges::reached);
    clinic.mis.rows.erase("21");
    CHECK(compare() == KeyRanges::sunk);
    clinic.add("31", 0);  // deleted and entered anew
    CHECK(compare() == KeyRanges::reached);
    clinic.mis.rows = newest;
    clinic.mis.breaks = [] { return true; };
    CHECK(
        compare_key_ranges(clinic.database, clinic.mis, "demo", streams).error().kind ==
        ErrorKind::unavailable
    );
}

TEST_CASE("L0: what a backfill read stood there before the first poll began") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.run().value();
    CHECK(first_polls(clinic.database, clinic.stream.kind).empty());
    clinic.add("2", 0);
    clinic.poll();
    const auto polled = first_polls(clinic.database, clinic.stream.kind);
    REQUIRE(polled.contains("demo"));
    const auto seen = [&](const char* key) {
        return clinic.records.find({"demo", clinic.stream.kind, key})->since_us;
    };
    CHECK(seen("1") <= polled.at("demo"));
    CHECK(seen("2") >= polled.at("demo"));
    clinic.add("3", 0);
    clinic.poll();
    CHECK(first_polls(clinic.database, clinic.stream.kind) == polled);
}

TEST_CASE("an upgraded map: what it alone changed is held back, also over polls") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.run().value();
    clinic.mapper.suffix = "+";
    clinic.stream.mapping_version = "m2";
    clinic.pass.reset();
    CHECK(clinic.poll().counts.held == 1);
    CHECK_FALSE(clinic.poll().counts.wrote());
    CHECK(clinic.value("1") == "v");
    clinic.add("1", 0, "w");
    CHECK(clinic.poll().counts.updated == 1);
    CHECK(clinic.value("1") == "w+");
}

TEST_CASE("a connector that gains a column makes no row look changed by the MIS") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.mis.names.pop_back();
    clinic.mis.names.pop_back();
    clinic.mis.names.push_back("value");  // `parent` is not selected yet
    clinic.run().value();
    clinic.mis.names.push_back("parent");
    clinic.mapper.suffix = "+";
    clinic.stream.mapping_version = "m2";
    clinic.pass.reset();
    const auto report = clinic.poll();
    CHECK(report.counts.held == 1);
    CHECK(report.counts.updated == 0);
}

}  // namespace stream_pass_test
