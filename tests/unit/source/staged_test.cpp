#include <doctest/doctest.h>

#include <filesystem>

#include "base/clock.hpp"
#include "source/staged/declared_cell.hpp"
#include "source/staged/staged_source.hpp"
#include "support/temporary_folder.hpp"
#include "unit/source/reading.hpp"

namespace mis::source {
namespace {

using namespace testing;

StreamDeclaration visits(ColumnType key_type) {
    StreamDeclaration stream = stream_of(
        "visit", "id", "",
        {{"id", key_type, 2},
         {"day", ColumnType::date, 2},
         {"changed", ColumnType::timestamp, 2},
         {"name", ColumnType::text, 2}}
    );
    stream.key_column = "id";
    stream.stamps = {"changed"};
    stream.window = WindowDeclaration{"day", 30, 30};
    return stream;
}

// What a whole source has and how it behaves, and how often it was asked.
struct Script {
    std::vector<std::vector<std::string>> rows;  // "" is null
    std::optional<Error> ending;                 // after the rows
    bool by_period = false;
    int reads = 0;
    std::vector<std::string> asked;
    std::function<void()> meanwhile;
};

class ScriptedReader final : public WholeReader {
  public:
    explicit ScriptedReader(Script& script) : script_(script) {}
    Capabilities capabilities(const StreamDeclaration&) const override {
        using Rows = Capabilities::Rows;
        return {script_.by_period ? Rows::by_period : Rows::at_once, true, false};
    }
    Result<void> read(const StreamDeclaration& stream, const Wanted& wanted, const Put& put)
        override {
        ++script_.reads;
        script_.asked.push_back(
            wanted.from + ".." + wanted.to + "/" + std::to_string(wanted.ids.size())
        );
        for (const auto& row : script_.rows) {
            RowBatch batch(stream.columns.size());
            for (std::size_t column = 0; column < row.size(); ++column)
                add_declared(batch, stream.columns[column], row[column]);
            if (auto done = put(std::move(batch)); !done) return done;
        }
        if (script_.meanwhile) script_.meanwhile();
        if (script_.ending) return fail(*script_.ending);
        return {};
    }
    Result<std::string> fingerprint() override { return std::string("script"); }
    Result<std::vector<TableDescription>> discover() override {
        return std::vector<TableDescription>();
    }
    Result<void> probe(ProbeReport& report) override {
        report.server = "a script";
        return {};
    }
    Result<std::string> request_text(const StreamDeclaration& stream, const Wanted&) override {
        return "all of " + stream.name;
    }

  private:
    Script& script_;
};

struct World {
    Script script;
    FakeClock clock;
    test::TemporaryFolder folder;
    SourceOptions options;
    std::unique_ptr<StagedSource> source;

    explicit World(ColumnType key_type = ColumnType::integer) {
        options.stage_folder = folder.path;
        options.zone = Zone::find("Europe/Moscow");
        script.rows = {
            {"10", "2026-03-02", "2026-03-01 10:00:00", "Тестова"},
            {"9", "03.03.2026", "2026-03-01T12:00:00", "Примеров"},
            {"10", "2026-03-04", "2026-03-02 09:00", ""},
            {"", "2026-03-05", "", "без номера"},
            {"2", "", "x", "Образцова"},
        };
        open(key_type);
    }
    void open(ColumnType key_type) {
        source = std::make_unique<StagedSource>(
            connector_of({visits(key_type)}), std::make_unique<ScriptedReader>(script), clock,
            options
        );
    }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(
            std::filesystem::directory_iterator(folder.path), std::filesystem::directory_iterator()
        ));
    }
};

const Lines kAll{
    "<null>|2026-03-05|<null>|без номера",
    "2|<null>|<null>|Образцова !column changed: is no local date and time",
    "9|2026-03-03|2026-03-01 12:00:00|Примеров",
    "10|2026-03-02|2026-03-01 10:00:00|Тестова",
    "10|2026-03-04|2026-03-02 09:00:00|<null>",
};

}  // namespace

TEST_CASE("what arrives whole is read once a pass and sliced from its stage") {
    World world;
    StagedSource& source = *world.source;
    source.begin_pass();
    CHECK(must_read(source, "visit", key_walk("", 0)) == kAll);
    CHECK(must_read(source, "visit", key_walk("", 3)) == Lines(kAll.begin(), kAll.begin() + 3));
    CHECK(
        must_read(source, "visit", key_walk("2", 2)) == Lines(kAll.begin() + 2, kAll.begin() + 4)
    );
    CHECK(must_read(source, "visit", key_walk("-7", 100)) == Lines(kAll.begin() + 1, kAll.end()));
    CHECK(must_read(source, "visit", key_walk("10", 5)).empty());
    CHECK(
        must_read(source, "visit", by_ids({"10", "9", "9", "11", "2 "})) ==
        Lines{kAll[3], kAll[4], kAll[1], kAll[2]}
    );
    const auto by = Slice::By::window;
    CHECK(
        must_read(source, "visit", between(by, "2026-03-02 00:00:00.0000", "2026-03-04")) ==
        Lines{kAll[3], kAll[2]}
    );
    CHECK(
        must_read(
            source, "visit",
            between(Slice::By::stamp, "2026-03-01 10:00:00.0001", "2026-03-02 09:00:00.0001")
        ) == Lines{kAll[2], kAll[4]}
    );
    const auto keys = source.keys("visit", key_walk("", 100), 10);
    REQUIRE(keys);
    CHECK(*keys == Lines{"", "2", "9", "10", "10"});
    CHECK(source.keys("visit", key_walk("", 100), 4).error().kind == ErrorKind::malformed);
    CHECK(world.script.reads == 1);
    const auto values = source.values_of("visit", "name");
    REQUIRE(values);
    CHECK(**values == Lines{"Образцова", "Примеров", "Тестова", "без номера"});

    CHECK(source.end_pass() == 1);
    source.begin_pass();
    world.script.rows.resize(1);
    CHECK(must_read(source, "visit", key_walk("", 0)) == Lines{kAll[3]});
    CHECK(world.script.reads == 2);
}

TEST_CASE("texts as keys are walked in the order of their bytes") {
    World world(ColumnType::text);
    world.source->begin_pass();
    CHECK(
        must_read(*world.source, "visit", key_walk("", 0)) ==
        Lines{kAll[0], kAll[3], kAll[4], kAll[1], kAll[2]}
    );
    CHECK(must_read(*world.source, "visit", key_walk("2", 9)) == Lines{kAll[2]});
}

TEST_CASE("an answer that breaks off leaves nothing, and is not asked for again in that pass") {
    World world;
    StagedSource& source = *world.source;
    world.script.ending = Error{ErrorKind::unavailable, "cut off after five rows"};
    source.begin_pass();
    for (int time = 0; time < 2; ++time) {
        const auto read = lines(source, "visit", key_walk("", 0));
        REQUIRE(!read);
        CHECK(read.error().kind == ErrorKind::unavailable);
        CHECK(read.error().text == "reading visit: cut off after five rows");
    }
    CHECK(!source.keys("visit", key_walk("", 0), 10));
    CHECK(world.script.reads == 1);
    source.end_pass();
    world.script.ending.reset();
    source.begin_pass();
    CHECK(must_read(source, "visit", key_walk("", 0)) == kAll);
}

TEST_CASE("a period at a time: each slice is staged for itself, and what is not offered is refused"
) {
    World world;
    StagedSource& source = *world.source;
    world.script.by_period = true;
    source.begin_pass();
    const auto slice = between(Slice::By::window, "2026-03-02 00:00:00", "2026-03-04 00:00:00");
    // the system gave more than was asked for
    CHECK(must_read(source, "visit", slice) == Lines{kAll[3], kAll[2]});
    CHECK(must_read(source, "visit", by_ids({"2"})) == Lines{kAll[1]});
    CHECK(must_read(source, "visit", slice) == Lines{kAll[3], kAll[2]});
    CHECK(
        world.script.asked ==
        Lines{
            "2026-03-02 00:00:00..2026-03-04 00:00:00/0", "../1",
            "2026-03-02 00:00:00..2026-03-04 00:00:00/0"}
    );
    const auto walk = lines(source, "visit", key_walk("", 0));
    REQUIRE(!walk);
    CHECK(walk.error().kind == ErrorKind::misconfigured);
}

TEST_CASE("the stage is a file without a name, gone with the pass") {
    World world;
    std::size_t seen = 99;
    world.script.meanwhile = [&] { seen = world.files(); };
    world.source->begin_pass();
    must_read(*world.source, "visit", key_walk("", 0));
    CHECK(seen == 0);
    CHECK(world.files() == 0);
}

TEST_CASE("more than limits.stage_bytes_max is refused with what to raise, and the rest goes on") {
    World world;
    world.options.stage_bytes_max = 1'000'000;
    world.open(ColumnType::integer);
    const auto few = world.script.rows;
    for (int i = 0; i < 3'000; ++i)
        world.script.rows.push_back({std::to_string(i), "", "", std::string(1'000, 'x')});
    world.source->begin_pass();
    const auto read = lines(*world.source, "visit", key_walk("", 0));
    REQUIRE(!read);
    CHECK(read.error().kind == ErrorKind::misconfigured);
    CHECK(
        read.error().text.find("more than 1 MB of staging: raise limits.stage_bytes_max") !=
        std::string::npos
    );
    world.source->end_pass();
    world.script.rows = few;
    world.source->begin_pass();
    CHECK(must_read(*world.source, "visit", key_walk("", 0)) == kAll);
}

TEST_CASE("the disk is not filled below limits.free_disk_bytes_min") {
    World world;
    world.options.free_disk_bytes_min = std::int64_t{1} << 60;
    world.open(ColumnType::integer);
    for (int i = 0; i < 300; ++i)
        world.script.rows.push_back({std::to_string(i), "", "", std::string(100'000, 'x')});
    world.source->begin_pass();
    const auto read = lines(*world.source, "visit", key_walk("", 0));
    REQUIRE(!read);
    CHECK(read.error().kind == ErrorKind::unavailable);
    CHECK(read.error().text.find("limits.free_disk_bytes_min") != std::string::npos);
}

TEST_CASE("a cancelled read ends, and the next one works") {
    World world;
    world.script.meanwhile = [&] { world.source->cancel(); };
    world.source->begin_pass();
    const auto read = lines(*world.source, "visit", key_walk("", 0));
    REQUIRE(!read);
    CHECK(read.error().kind == ErrorKind::cancelled);
    world.script.meanwhile = {};
    CHECK(must_read(*world.source, "visit", key_walk("", 0)) == kAll);
}

TEST_CASE("the clock of a pass is ours, from before the first stream was read") {
    World world;
    StagedSource& source = *world.source;
    world.script.meanwhile = [&] { world.clock.advance(std::chrono::minutes(5)); };
    must_read(source, "visit", by_ids({"2"}));  // as the pipeline compares keys before a pass
    source.begin_pass();
    CHECK(source.source_now() == "2026-03-02 11:31:40.0000");  // the key comparison was long ago
    must_read(source, "visit", key_walk("", 0));
    CHECK(world.script.reads == 2);
    CHECK(source.source_now() == "2026-03-02 11:31:40.0000");
    source.end_pass();
    world.script.meanwhile = {};
    must_read(source, "visit", by_ids({"2"}));
    source.begin_pass();
    must_read(source, "visit", key_walk("", 0));
    CHECK(world.script.reads == 3);  // it was read a moment ago
}

TEST_CASE("values as people write them become cells of their type, or an issue of the row") {
    const auto cell = [](ColumnType type, std::string_view text) {
        RowBatch row(1);
        add_declared(row, {"c", type, 2}, text);
        const auto issues = row.issues_of(0);
        return issues.empty() ? std::string(row.cell(0, 0).value_or("<null>")) : issues.front();
    };
    using T = ColumnType;
    CHECK(cell(T::text, "  Тестова\xc2\xa0") == "Тестова");
    CHECK(cell(T::text, " ") == "<null>");
    CHECK(cell(T::integer, "0012.0") == "12");
    CHECK(cell(T::integer, "-0") == "0");
    CHECK(cell(T::integer, "1 200") == "1200");
    CHECK(cell(T::integer, "1.5") == "column c: is no whole number");
    CHECK(cell(T::integer, "123456789012345678901") == "123456789012345678901");
    CHECK(
        cell(
            T::decimal,
            "1\xc2\xa0"
            "234,50"
        ) == "1234.50"
    );
    CHECK(cell(T::decimal, "-0.1") == "-0.1");
    CHECK(cell(T::decimal, "12,") == "column c: is no number");
    CHECK(cell(T::decimal, "1.234,50") == "column c: is no number");
    CHECK(cell(T::decimal, "1e5") == "column c: is no number");
    CHECK(cell(T::decimal, "--1") == "column c: is no number");
    CHECK(cell(T::timestamp, "02.03.2026 9:05") == "column c: is no local date and time");
    CHECK(cell(T::timestamp, "02.03.2026 09:05") == "2026-03-02 09:05:00");
    CHECK(cell(T::timestamp, "2026-03-02T09:05:01.5") == "2026-03-02 09:05:01.5000");
    CHECK(cell(T::timestamp, "2026-03-02T09:05:01Z") == "column c: is no local date and time");
    CHECK(cell(T::date, "31.02.2026") == "column c: is no date");
    CHECK(cell(T::date, "2026-03-02 00:00:00") == "2026-03-02");
    CHECK(cell(T::boolean, "Да") == "1");
    CHECK(cell(T::boolean, "возможно") == "column c: is neither yes nor no");
}

}  // namespace mis::source
