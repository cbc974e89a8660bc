// Rows of one key, rows that the source cannot compute, rows in quarantine: what a pass makes of
// them (D4). The same over a real base: tests/system/odd_rows_test.mjs.
#include <doctest/doctest.h>

#include "base/timestamp.hpp"
#include "change/stream_pass.hpp"
#include "record/quarantine.hpp"
#include "sqlite/migration.hpp"
#include "unit/change/fake_mis.hpp"

using namespace mis;
using namespace mis::change;
using namespace mis::change::testing;
using record::Quarantine;

namespace odd_rows_test {
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

    FakeRow row(std::int64_t days_from_now, const std::string& value) {
        const std::int64_t now_us = clock.unix_us() / 1'000'000 * 1'000'000;
        return {now_us, now_us + days_from_now * kUsPerDay, "7", value, ""};
    }
    void add(const std::string& key, std::int64_t days_from_now, const std::string& value = "v") {
        mis.rows[key] = row(days_from_now, value);
    }
    Result<PassReport> run(PassMode mode = PassMode::poll) {
        clock.advance(std::chrono::minutes(10));
        if (!pass)
            pass =
                StreamPass::create("demo", stream, mis, mapper, records, database, clock, options)
                    .value();
        mis.reads.clear();
        return pass->run(mode, [&](CaptureBatch&& batch) -> Result<CaptureCounts> {
            sqlite::Transaction transaction(database);
            auto counts = apply(transaction, records, batch, clock.unix_us());
            for (const auto& issue : batch.issues)
                Quarantine::put(transaction, "demo", {issue}, clock.unix_us());
            for (const auto& key : batch.settled)
                Quarantine::resolve(transaction, "demo", "visit", key, clock.unix_us());
            transaction.commit();
            return counts;
        });
    }
    std::string value(const std::string& key) {
        const auto found = records.find({"demo", "procedure", key});
        return found ? parse_json(found->body).value()["value"].get<std::string>() : "-";
    }
    std::vector<std::string> waiting() { return Quarantine::open_keys(database, "demo", "visit"); }
    std::string reason() {
        const auto rows = Quarantine::list(database, {});
        return rows.empty() ? "" : rows.front().reason;
    }
    std::size_t reads_by_id() const {
        return static_cast<std::size_t>(std::count_if(
            mis.reads.begin(), mis.reads.end(),
            [](const source::Slice& slice) { return slice.by == source::Slice::By::ids; }
        ));
    }
};

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("a key that two rows have: neither stands, wherever the page ends between them") {
    for (int page = 1; page <= 5; ++page) {
        CAPTURE(page);
        Clinic clinic;
        clinic.options.walk_rows = page;
        for (const char* key : {"1", "2", "3", "4"}) clinic.add(key, -100);
        clinic.mis.twins.emplace("2", clinic.row(-100, "another"));
        CHECK(clinic.run().value().backfilled);
        CHECK(clinic.value("1") == "v");
        CHECK(clinic.value("2") == "-");
        CHECK(clinic.value("3") == "v");
        CHECK(clinic.waiting() == Keys{"2"});
        CHECK(clinic.reason() == "not unique: 2 rows have this key, with different value");
        clinic.mis.twins.clear();
        clinic.run().value();
        CHECK(clinic.value("2") == "v");
        CHECK(clinic.waiting().empty());
    }
}

TEST_CASE("a second row of a key that stands: the version from before stays, in every slice") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.add("2", 0);
    clinic.run().value();
    clinic.clock.advance(std::chrono::hours(2));
    FakeRow other = clinic.row(3, "another");
    SUBCASE("in another slice of the window") { other.stamp_us = 0; }
    SUBCASE("in a slice of stamps, beyond the window") { other.window_us = 0; }
    SUBCASE("seen at night alone") { other.stamp_us = other.window_us = 0; }
    clinic.mis.twins.emplace("1", other);
    clinic.run().value();
    clinic.run(PassMode::reconcile).value();
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(clinic.run().value().counts.wrote());
        CHECK(clinic.value("1") == "v");
        CHECK(clinic.waiting() == Keys{"1"});
    }
    clinic.mis.rows.erase("1");
    clinic.mis.rows["1"] = other;
    clinic.mis.twins.clear();
    clinic.run().value();
    CHECK(clinic.value("1") == "another");
    CHECK(clinic.waiting().empty());
}

TEST_CASE("rows that repeat another to the letter are one row, and counted") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.mis.twins.emplace("1", clinic.mis.rows["1"]);
    CHECK(clinic.run().value().repeated == 1);
    CHECK(clinic.value("1") == "v");
    CHECK(clinic.waiting().empty());
}

TEST_CASE("an edit while the pass reads is an edit, and the newest version is taken") {
    Clinic clinic;
    clinic.add("1", 0);
    clinic.run().value();
    clinic.add("1", 0, "first");
    int reads = 0;
    clinic.mis.before_read = [&] {
        if (++reads == 2) clinic.mis.rows["1"].value = "second";
    };
    clinic.run().value();
    CHECK(clinic.value("1") == "second");
    CHECK(clinic.waiting().empty());
}

TEST_CASE("what is new or changed costs one read by key, what is not costs none") {
    Clinic clinic;
    for (int key = 1; key <= 100; ++key) clinic.add(std::to_string(key), 0);
    clinic.run().value();
    CHECK(clinic.reads_by_id() == 0);  // a backfill walks the keys
    clinic.run().value();
    CHECK(clinic.reads_by_id() == 0);
    for (int key = 50; key <= 150; ++key) clinic.add(std::to_string(key), 0, "w");
    clinic.run().value();
    CHECK(clinic.reads_by_id() == 1);
}

TEST_CASE("a row that the source cannot compute is set aside by its key, the others are read") {
    Clinic clinic;
    clinic.options.walk_rows = 40;
    for (int key = 1; key <= 100; ++key) clinic.add(std::to_string(key), 0);
    SUBCASE("in a backfill") { clinic.mis.uncomputable = {"7", "93"}; }
    SUBCASE("in a poll") {
        clinic.run().value();
        clinic.clock.advance(std::chrono::hours(2));
        for (int key = 1; key <= 100; ++key) clinic.add(std::to_string(key), 0, "w");
        clinic.mis.uncomputable = {"7", "93"};
    }
    clinic.run().value();
    CHECK(clinic.waiting() == Keys{"7", "93"});
    CHECK(clinic.value("8") == clinic.mis.rows["8"].value);
    CHECK(clinic.reason() == "the source cannot read this row: fetching: divide by zero");
    clinic.run().value();
    CHECK(clinic.records.standing_count({"demo", "visit", "procedure"}) >= 98);  // none is gone
    clinic.mis.uncomputable.clear();
    clinic.run().value();
    CHECK(clinic.waiting().empty());
    CHECK(clinic.value("7") == clinic.mis.rows["7"].value);
}

TEST_CASE("a statement that fails at every row is the stream's error") {
    Clinic clinic;
    for (int key = 1; key <= 5; ++key) {
        clinic.add(std::to_string(key), 0);
        clinic.mis.uncomputable.insert(std::to_string(key));
    }
    SUBCASE("before anything was ever read") {}
    SUBCASE("after it had worked") {
        const auto all = std::exchange(clinic.mis.uncomputable, {});
        clinic.run().value();
        clinic.mis.uncomputable = all;
    }
    CHECK(clinic.run().error().kind == ErrorKind::malformed);
    CHECK(clinic.waiting().empty());
}

TEST_CASE("rows in quarantine: gone or left out on purpose, they leave the list in the next pass") {
    Clinic clinic;
    for (const char* key : {"1", "2", "3"}) clinic.add(key, -100, "bad");
    clinic.run().value();
    clinic.run().value();
    CHECK(clinic.waiting() == Keys{"1", "2", "3"});
    clinic.clock.advance(std::chrono::hours(2));
    clinic.run().value();
    clinic.mis.rows.erase("1");
    clinic.mis.rows["2"].value = "skip";  // without a stamp, outside the window
    clinic.run().value();
    CHECK(clinic.waiting() == Keys{"3"});
    clinic.mis.rows["3"].value = "mended";
    clinic.run().value();
    CHECK(clinic.waiting().empty());
    CHECK(clinic.value("3") == "mended");
}

TEST_CASE("a changed map is compared with everything in the next pass") {
    Clinic clinic;
    clinic.add("1", -100);
    clinic.add("2", 0);
    clinic.run().value();
    clinic.clock.advance(std::chrono::hours(2));
    clinic.mapper.suffix = "+";
    clinic.stream.mapping_version = "m2";
    clinic.pass.reset();
    CHECK(clinic.run().value().counts.held == 2);
    CHECK_FALSE(clinic.run().value().counts.wrote());
}

TEST_CASE("a window's hold binds the comparison of everything, too") {
    Clinic clinic;
    clinic.options.hold_count = 3;
    for (int key = 1; key <= 100; ++key) clinic.add(std::to_string(key), key <= 90 ? -100 : 0);
    clinic.run().value();
    for (int key = 91; key <= 96; ++key) clinic.mis.rows.erase(std::to_string(key));
    clinic.mis.rows.erase("1");
    CHECK(clinic.run().value().removals_held);
    const auto night = clinic.run(PassMode::reconcile).value();
    CHECK(night.removals_held);
    CHECK(night.counts.removed == 0);
    {
        sqlite::Transaction transaction(clinic.database);
        CHECK(release_hold(transaction, "demo", "visit"));
        transaction.commit();
    }
    CHECK(clinic.run().value().counts.removed == 6);
    CHECK(clinic.run(PassMode::reconcile).value().counts.removed == 1);
    CHECK(holds(clinic.database).empty());
}

}  // namespace odd_rows_test
