// Which rows a read gives, how gently, and what the probe says of a base; their cells are in
// sql_text_test.cpp.
#include "reading.hpp"
#include "source/duty_cycle.hpp"

using namespace mis;
using namespace mis::source;
using namespace mis::source::testing;
using support::FirebirdWriter;

namespace {

const char* const kVisits = R"(
create table VISIT (ID bigint not null primary key, NAME varchar(40), DAY_AT date, STAMP timestamp);
create index VISIT_STAMP on VISIT (STAMP);
create index VISIT_DAY on VISIT (DAY_AT);
insert into VISIT values (1, 'Тестова', '2026-03-02', '2026-03-02 10:00:00.1234');
insert into VISIT values (2, 'Пробный', '2026-03-03', '2026-03-03 10:00:00');
insert into VISIT values (3, null, '2026-03-04', null);
insert into VISIT values (9000000000000000000, 'Ёжик', '2026-03-05', '2026-03-05 23:59:59.9999');
)";

StreamDeclaration visits() {
    auto stream = stream_of(
        "visit", "V.ID", "select V.ID, V.NAME, V.DAY_AT, V.STAMP from VISIT V where {slice}",
        {{"id", ColumnType::integer},
         {"name"},
         {"day_at", ColumnType::date},
         {"stamp", ColumnType::timestamp}}
    );
    stream.stamps = {"V.STAMP"};
    stream.window = WindowDeclaration{"V.DAY_AT", 1, 30};
    return stream;
}

}  // namespace

TEST_CASE("a slice by stamp, window, key walk or ids gives exactly its rows") {
    support::FirebirdFolder folder;
    for (const std::string charset : {"WIN1251", "UTF8"}) {
        CAPTURE(charset);
        auto writer = FirebirdWriter::create({folder.file(charset + ".fdb")}, charset);
        writer.execute_script(kVisits);
        auto source = source_on(connector_of({visits()}), embedded(folder.file(charset + ".fdb")));
        const std::string one = "1|Тестова|2026-03-02|2026-03-02 10:00:00.1234";
        const std::string two = "2|Пробный|2026-03-03|2026-03-03 10:00:00";
        const std::string three = "3|<null>|2026-03-04|<null>";
        const std::string big = "9000000000000000000|Ёжик|2026-03-05|2026-03-05 23:59:59.9999";

        CHECK(
            must_read(
                *source, "visit",
                between(Slice::By::stamp, "2026-03-02 10:00:00.1234", "2026-03-03 10:00:00")
            ) == Lines{one}
        );
        CHECK(
            must_read(
                *source, "visit",
                between(Slice::By::stamp, "2026-03-02 10:00:00.1235", "2026-03-03 10:00:00.0001")
            ) == Lines{two}
        );
        CHECK(
            must_read(
                *source, "visit",
                between(Slice::By::window, "2026-03-03 00:00:00", "2026-03-05 00:00:00")
            ) == Lines{two, three}
        );
        // a DATE is midnight: one that begins before `from` is out, one before `to` is in
        CHECK(
            must_read(
                *source, "visit",
                between(Slice::By::window, "2026-03-03 00:00:01", "2026-03-05 00:00:01")
            ) == Lines{three, big}
        );
        CHECK(must_read(*source, "visit", key_walk("", 2)) == Lines{one, two});
        CHECK(must_read(*source, "visit", key_walk("2", 2)) == Lines{three, big});
        CHECK(must_read(*source, "visit", key_walk("9000000000000000000", 2)).empty());
        CHECK(must_read(*source, "visit", by_ids({"3", "77", "1"})) == Lines{one, three});
        CHECK(must_read(*source, "visit", by_ids({"9000000000000000000"})) == Lines{big});
    }
}

TEST_CASE("of noted deletions the keys are given, where the base notes them") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "WIN1251");
    writer.execute_script(kVisits);
    writer.execute_script(R"(
create table TRACE (N integer not null primary key, WHAT bigint, WHEN_AT timestamp);
insert into TRACE values (1, 77, '2026-03-02 10:00:00');
insert into TRACE values (2, 9000000000000000000, '2026-03-02 11:00:00');
insert into TRACE values (3, 78, '2026-03-02 12:00:00');
)");
    const auto noted_as = [](const std::string& key) {
        auto stream = visits();
        stream.key_column = "id";
        auto deletes = stream_of(
            "visit.deletes", key, "select X.WHAT as ID from TRACE X where {slice}",
            {{"id", ColumnType::integer}}
        );
        deletes.key_column = "id";
        deletes.stamps = {"X.WHEN_AT"};
        stream.deletes = std::make_shared<const StreamDeclaration>(deletes);
        return stream;
    };
    const Slice hour = between(Slice::By::deletes, "2026-03-02 10:00:00", "2026-03-02 12:00:00");
    auto source = source_on(connector_of({noted_as("X.WHAT")}), embedded(folder.file("a.fdb")));
    const auto keys = source->keys("visit", hour, 10);
    REQUIRE(keys.has_value());
    CHECK(*keys == Lines{"77", "9000000000000000000"});
    const auto too_many = source->keys("visit", hour, 1);
    REQUIRE_FALSE(too_many.has_value());
    CHECK(too_many.error().kind == ErrorKind::malformed);
    const auto probed = source->probe();
    REQUIRE(probed.has_value());
    CHECK(probed->streams.front().told == "deletions are noted");

    auto none = source_on(
        connector_of({noted_as("{column:X:TRACE.NO_SUCH|}")}), embedded(folder.file("a.fdb"))
    );
    const auto nothing = none->keys("visit", hour, 10);
    REQUIRE(nothing.has_value());
    CHECK(nothing->empty());
}

TEST_CASE("what a fetch gives and what is declared must agree, and the error says how") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "WIN1251");
    writer.execute("create table T (ID integer not null primary key, A integer)");
    const auto problem = [&](const std::string& fetch, std::vector<ColumnDeclaration> columns) {
        auto source = source_on(
            connector_of({stream_of("t", "T.ID", fetch, std::move(columns))}),
            embedded(folder.file("a.fdb"))
        );
        auto found = lines(*source, "t", key_walk("", 9));
        REQUIRE_FALSE(found.has_value());
        CHECK(found.error().kind == ErrorKind::misconfigured);
        return found.error().text;
    };
    CHECK(
        problem(
            "select ID from T where {slice}", {{"id"}, {"a"}}
        ).find("gives no column a: add it") != std::string::npos
    );
    CHECK(
        problem(
            "select ID, A from T where {slice}", {{"id"}}
        ).find("gives a column a that `columns:` doesn't declare") != std::string::npos
    );
    CHECK(
        problem(
            "select ID, A, A from T where {slice}", {{"id"}, {"a"}}
        ).find("two columns named a") != std::string::npos
    );
    CHECK(
        problem(
            "select ID, B from T where {slice}", {{"id"}, {"b"}}
        ).find("reading t: t.fetch.sql (key walk") != std::string::npos
    );
}

TEST_CASE(
    "an optional stream whose table is missing is off and says so; a stamp that is missing gives "
    "nothing"
) {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "WIN1251");
    writer.execute("create table T (ID integer not null primary key, A integer)");
    writer.execute("insert into T values (1, 2)");
    auto there = stream_of(
        "there", "T.ID", "select ID, {column:T:T.TOOTH|null} as TOOTH from T where {slice}",
        {{"id"}, {"tooth"}}
    );
    there.stamps = {"{column:T:T.STAMP|}"};
    auto missing = stream_of("missing", "M.ID", "select ID from MISSING M where {slice}", {{"id"}});
    missing.optional = true;
    missing.requires_table = "MISSING";
    auto source = source_on(connector_of({there, missing}), embedded(folder.file("a.fdb")));
    CHECK(
        *source->streams_off() ==
        std::map<std::string, std::string>{{"missing", "this base has no table MISSING"}}
    );
    CHECK(must_read(*source, "there", key_walk("", 9)) == Lines{"1|<null>"});
    CHECK(must_read(
              *source, "there",
              between(Slice::By::stamp, "2026-01-01 00:00:00", "2027-01-01 00:00:00")
    )
              .empty());
    CHECK(lines(*source, "missing", key_walk("", 9)).error().kind == ErrorKind::misconfigured);
}

TEST_CASE("batches are bounded, and a refusal by the taker ends the read with its error") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "WIN1251");
    writer.execute("create table T (ID integer not null primary key, A varchar(2000))");
    writer.execute(
        "execute block as declare I integer = 0; begin while (I < 2500) do begin insert into T "
        "values (:I, rpad('', iif(:I < 1500, 1, 2000), 'x')); I = I + 1; end end"
    );
    const auto stream =
        stream_of("t", "T.ID", "select ID, A from T where {slice}", {{"id"}, {"a"}});
    auto source = source_on(connector_of({stream}), embedded(folder.file("a.fdb")));
    std::vector<std::size_t> batches;
    auto report = source->read("t", key_walk("", 10'000), [&](RowBatch&& batch) -> Result<void> {
        CHECK(batch.bytes() <= kBatchBytesMax + 4000);
        batches.push_back(batch.rows());
        return {};
    });
    REQUIRE(report.has_value());
    CHECK(report->rows == 2500);
    CHECK(batches.size() > 8);
    CHECK(batches.front() == 1000);
    auto refused = source->read("t", key_walk("", 10'000), [&](RowBatch&&) -> Result<void> {
        return fail(ErrorKind::cancelled, "enough");
    });
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().text == "reading t: enough");
    CHECK(must_read(*source, "t", by_ids({"7"})).size() == 1);
}

TEST_CASE("a read sees one state, and cannot write") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "WIN1251");
    writer.execute("create table T (ID integer not null primary key)");
    writer.execute(
        "execute block as declare I integer = 0; begin while (I < 3000) do begin insert into T "
        "values (:I); I = I + 1; end end"
    );
    writer.execute("create sequence BUMPED");
    writer.execute_script(
        "create procedure WRITES returns (ID integer) as begin delete from T; ID = 1; suspend; end"
    );
    const auto stream = stream_of("t", "T.ID", "select ID from T where {slice}", {{"id"}});
    const auto writing =
        stream_of("w", "W.ID", "select W.ID from WRITES W where {slice}", {{"id"}});
    auto source = source_on(connector_of({stream, writing}), embedded(folder.file("a.fdb")));
    std::int64_t seen = 0;
    auto report = source->read("t", key_walk("", 10'000), [&](RowBatch&& batch) -> Result<void> {
        if (seen == 0) writer.execute("delete from T where ID >= 1500");
        seen += static_cast<std::int64_t>(batch.rows());
        return {};
    });
    REQUIRE(report.has_value());
    CHECK(seen == 3000);
    auto written = lines(*source, "w", between(Slice::By::ids, "", ""));
    CHECK_FALSE(written.has_value());
    auto refused = lines(*source, "w", by_ids({"1"}));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().text.find("read-only transaction") != std::string::npos);
    CHECK(writer.number("select count(*) from T") == 1500);
}

TEST_CASE("the source's own clock and what makes it this base") {
    support::FirebirdFolder folder;
    auto first = FirebirdWriter::create({folder.file("a.fdb")}, "WIN1251");
    first.execute("create table T (ID integer)");
    auto second = FirebirdWriter::create({folder.file("b.fdb")}, "WIN1251");
    second.execute("create table T (ID integer)");
    const auto connector =
        connector_of({stream_of("t", "T.ID", "select ID from T where {slice}", {{"id"}})});
    auto a = source_on(connector, embedded(folder.file("a.fdb")));
    auto b = source_on(connector, embedded(folder.file("b.fdb")));
    CHECK(LocalTime::parse(*a->source_now()).has_value());
    CHECK(*a->fingerprint() == *a->fingerprint());
    CHECK(*a->fingerprint() != *b->fingerprint());
}

TEST_CASE("the duty cycle pauses after long work and never after short polls") {
    DutyCycle duty(10);
    const auto at = [](int milliseconds) {
        return std::chrono::nanoseconds(std::chrono::milliseconds(milliseconds));
    };
    CHECK(duty.pause(at(0)).count() == 0);
    for (int poll = 0; poll < 50; ++poll) {
        duty.spent(at(5));
        CHECK(duty.pause(at(100 * (poll + 1))).count() == 0);
    }
    duty.spent(at(3000));  // of a budget of one second
    const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(duty.pause(at(5000)));
    CHECK(pause.count() == 20'000);
    CHECK(duty.pause(at(25'001)).count() == 0);
    DutyCycle unlimited(100);
    unlimited.spent(at(100'000));
    CHECK(unlimited.pause(at(1)).count() == 0);
}

TEST_CASE("reads wait through the injected sleeper when the budget is overdrawn") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "WIN1251");
    writer.execute("create table T (ID integer not null primary key)");
    writer.execute("insert into T values (1)");
    auto settings = embedded(folder.file("a.fdb"));
    settings.effort.polling_percent = 1;
    std::chrono::microseconds slept{0};
    SourceOptions options;
    options.sleep = [&](std::chrono::microseconds pause) { slept += pause; };
    FakeClock clock;  // stands still: the budget of one second is never refilled
    const std::string work =
        "(select count(*) from RDB$FIELDS A, RDB$FIELDS B where A.RDB$FIELD_LENGTH + "
        "B.RDB$FIELD_LENGTH <> -1)";
    auto source = *firebird::open(
        connector_of({stream_of(
            "t", "T.ID", "select ID from T where {slice} and " + work + " > 0", {{"id"}}
        )}),
        settings, clock, options
    );
    for (int i = 0; i < 1000 && slept.count() == 0; ++i) must_read(*source, "t", by_ids({"1"}));
    CHECK(slept.count() > 0);
}

TEST_CASE("the probe compares declared columns with the base's own types, sets and dialect") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "NONE");
    writer.execute(
        "create table T (ID integer not null primary key, TOTAL numeric(15,2), STATE smallint, "
        "DAY_AT timestamp, BORN date, PRICE double precision, NAME varchar(20), BEG time)"
    );
    const auto remarks = [&](std::vector<ColumnDeclaration> columns, const std::string& select) {
        auto source = source_on(
            connector_of({stream_of("t", "T.ID", select, std::move(columns))}),
            embedded(folder.file("a.fdb"))
        );
        auto report = source->probe();
        REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().text));
        for (const auto& remark : report->setting_remarks) CHECK(remark.setting == "charset");
        REQUIRE_MESSAGE(report->streams.at(0).on, report->streams.at(0).reason);
        return report->streams.at(0);
    };
    const auto fine = remarks(
        {{"id", ColumnType::integer},
         {"total", ColumnType::decimal},
         {"state", ColumnType::boolean},
         {"day_at", ColumnType::timestamp},
         {"born", ColumnType::timestamp},
         {"price", ColumnType::decimal},
         {"name"},
         {"beg"},
         {"room", ColumnType::integer}},
        "select ID, TOTAL, STATE, DAY_AT, BORN, PRICE, NAME, BEG, {column:T.ROOM|null} as ROOM "
        "from T where {slice}"
    );
    CHECK(fine.column_remarks.empty());
    CHECK(fine.columns_without_charset == std::vector<std::string>{"name"});
    const auto wrong = remarks(
        {{"id"},
         {"total", ColumnType::integer},
         {"day_at", ColumnType::date},
         {"price"},
         {"name", ColumnType::integer},
         {"beg", ColumnType::timestamp}},
        "select ID, TOTAL, DAY_AT, PRICE, NAME, BEG from T where {slice}"
    );
    CHECK(
        wrong.column_remarks ==
        std::vector<std::string>{
            "id: declared text, the base has INTEGER: a comparison with a number (= 1) is never "
            "true; declare it integer",
            "total: declared integer, the base has NUMERIC with 2 decimals: rows go to quarantine, "
            "for it is written with decimals; declare it decimal",
            "day_at: declared date, the base has TIMESTAMP: the map sees a time of day behind the "
            "date; declare it timestamp",
            "price: declared text, the base has DOUBLE PRECISION: the map sees every digit of a "
            "binary number; declare it decimal, or decimal(N)",
            "name: declared integer, the base has VARCHAR: rows with anything but digits in it go "
            "to quarantine; declare it text",
            "beg: declared timestamp, the base has TIME: it has no day; declare it text and join "
            "it to the day in the map"}
    );
}

TEST_CASE("an error of the server says what can be done about it") {
    support::FirebirdFolder folder;
    auto nowhere = source_on(
        connector_of({stream_of("t", "T.ID", "select ID from T where {slice}", {{"id"}})}),
        embedded(folder.file("missing.fdb"))
    );
    const auto missing = nowhere->probe();
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().text.find("missing.fdb as SYSDBA: ") != std::string::npos);
    CHECK(missing.error().text.find("No such file") != std::string::npos);
    CHECK(missing.error().text.find("check firebird.database: the path") != std::string::npos);
}
