// Against a real server over TCP, and what servers do to their clients: they die, freeze, refuse
// and never finish.
#include <algorithm>
#include <cstdio>
#include <thread>

#include "reading.hpp"

using namespace mis;
using namespace mis::source;
using namespace mis::source::testing;
using support::FirebirdServer;
using support::FirebirdWriter;

namespace firebird_server_test {
namespace {

constexpr const char* kEndless =
    "select T.ID from T where {slice} and (select count(*) from RDB$FIELDS A, RDB$FIELDS B, "
    "RDB$FIELDS C, RDB$FIELDS D, RDB$FIELDS E) > 0";

StreamDeclaration thing() {
    auto thing =
        stream_of("t", "T.ID", "select T.ID, T.NAME from T where {slice}", {{"id"}, {"name"}});
    thing.stamps = {"T.STAMP", "T.UNINDEXED"};
    return thing;
}

Connector things() {
    return connector_of({thing(), stream_of("endless", "T.ID", kEndless, {{"id"}})});
}

FirebirdWriter thing_base(const FirebirdServer& server, int rows) {
    auto writer = FirebirdWriter::create(server.login("t.fdb"), "WIN1251");
    writer.execute(
        "create table T (ID integer not null primary key, NAME varchar(200), STAMP timestamp, "
        "UNINDEXED timestamp)"
    );
    writer.execute("create index T_STAMP on T (STAMP)");
    writer.execute(
        "execute block as declare I integer = 0; begin while (I < " + std::to_string(rows) +
        ") do begin I = I + 1; insert into T values (:I, 'Пробный ' || :I, current_timestamp, "
        "current_timestamp); end end"
    );
    return writer;
}

bool contains(const std::string& text, std::string_view part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("over TCP the rows are the same, and the attachment survives being idle") {
    FirebirdServer server;
    auto writer = thing_base(server, 5000);
    auto source = source_on(things(), remote(server, "t.fdb"));
    CHECK(must_read(*source, "t", key_walk("", 10'000)).size() == 5000);
    CHECK(must_read(*source, "t", by_ids({"4999"})) == Lines{"4999|Пробный 4999"});
    CHECK(must_read(
              *source, "t", between(Slice::By::stamp, "2030-01-01 00:00:00", "2031-01-01 00:00:00")
    )
              .empty());
    const auto connections = [&] {
        return writer.number(
            "select count(*) from MON$ATTACHMENTS where MON$USER = 'SYSDBA' and MON$SYSTEM_FLAG = 0"
        );
    };
    CHECK(connections() == 2);
}

TEST_CASE("a server killed in mid-read is unavailable; the next read connects anew") {
    FirebirdServer server;
    thing_base(server, 60'000);
    auto source = source_on(things(), remote(server, "t.fdb"));
    std::int64_t seen = 0;
    auto report = source->read("t", key_walk("", 1'000'000), [&](RowBatch&& batch) -> Result<void> {
        seen += static_cast<std::int64_t>(batch.rows());
        server.kill();
        return {};
    });
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().kind == ErrorKind::unavailable);
    CHECK(seen < 60'000);
    auto while_down = lines(*source, "t", key_walk("", 10));
    REQUIRE_FALSE(while_down.has_value());
    CHECK(while_down.error().kind == ErrorKind::unavailable);
    CHECK(contains(while_down.error().text, "reading t: connecting to 127.0.0.1/"));
    server.start();
    CHECK(must_read(*source, "t", key_walk("", 1'000'000)).size() == 60'000);
}

TEST_CASE("a server restarted between two reads is no failure") {
    FirebirdServer server;
    thing_base(server, 10);
    auto source = source_on(things(), remote(server, "t.fdb"));
    CHECK(must_read(*source, "t", key_walk("", 100)).size() == 10);
    server.kill();
    server.start();
    CHECK(must_read(*source, "t", key_walk("", 100)).size() == 10);
    server.kill();
    server.start();
    CHECK(source->fingerprint().has_value());
}

TEST_CASE("a query that never ends is cancelled at its limit, and the source goes on") {
    FirebirdServer server;
    thing_base(server, 10);
    auto settings = remote(server, "t.fdb");
    settings.statement_seconds_max = 1;
    auto source = source_on(things(), settings);
    const auto begin = std::chrono::steady_clock::now();
    auto endless = lines(*source, "endless", by_ids({"1"}));
    const auto seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    REQUIRE_FALSE(endless.has_value());
    CHECK(endless.error().kind == ErrorKind::unavailable);
    CHECK(contains(endless.error().text, "longer than 1 s (statement_seconds_max"));
    CHECK(seconds >= 0.9);
    CHECK(must_read(*source, "t", key_walk("", 100)).size() == 10);
}

TEST_CASE("a frozen server is left alone after the limit and two seconds") {
    FirebirdServer server;
    thing_base(server, 10);
    auto settings = remote(server, "t.fdb");
    settings.statement_seconds_max = 1;
    settings.connect_seconds_max = 1;
    auto source = source_on(things(), settings);
    CHECK(must_read(*source, "t", key_walk("", 100)).size() == 10);
    server.freeze();
    auto frozen = lines(*source, "t", key_walk("", 100));
    REQUIRE_FALSE(frozen.has_value());
    CHECK(frozen.error().kind == ErrorKind::unavailable);
    INFO(frozen.error().text);
    CHECK(contains(frozen.error().text, "longer than 1 s"));
    auto again = lines(*source, "t", key_walk("", 100));
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().kind == ErrorKind::unavailable);
    server.thaw();
    CHECK(must_read(*source, "t", key_walk("", 100)).size() == 10);
}

TEST_CASE("cancel() from another thread ends the running read") {
    FirebirdServer server;
    thing_base(server, 10);
    auto settings = remote(server, "t.fdb");
    settings.statement_seconds_max = 60;
    auto source = source_on(things(), settings);
    must_read(*source, "t", by_ids({"1"}));
    std::jthread other([&] { source->cancel(); });
    auto endless = lines(*source, "endless", by_ids({"1"}));
    other.join();
    REQUIRE_FALSE(endless.has_value());
    CHECK(endless.error().kind == ErrorKind::cancelled);
    CHECK(must_read(*source, "t", key_walk("", 100)).size() == 10);
}

TEST_CASE("a wrong password, an unknown user and a missing base are told apart from a dead server"
) {
    FirebirdServer server;
    thing_base(server, 1);
    auto settings = remote(server, "t.fdb");
    settings.password = "wrong-secret";
    auto wrong = lines(*source_on(things(), settings), "t", key_walk("", 10));
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().kind == ErrorKind::misconfigured);
    CHECK_FALSE(contains(wrong.error().text, "wrong-secret"));
    CHECK(contains(wrong.error().text, "check firebird.user and the password in password_file"));
    settings = remote(server, "missing.fdb");
    const auto missing = lines(*source_on(things(), settings), "t", key_walk("", 10)).error();
    CHECK(missing.kind == ErrorKind::unavailable);
    CHECK(contains(missing.text, "check firebird.database: the path as the server sees it"));
}

TEST_CASE(
    "Legacy_Auth without wire encryption works, as servers before 3.0 need it (untested on 2.5)"
) {
    FirebirdServer server;
    auto writer = thing_base(server, 3);
    if (!server.has_legacy_users())
        return;  // not root: the security base of the package cannot be copied
    server.create_user("OLDREAD", "geheim8", "Legacy_UserManager");
    writer.execute("grant select on T to OLDREAD");
    auto settings = remote(server, "t.fdb");
    settings.user = "OLDREAD";
    settings.password = "geheim8";
    settings.auth = "Legacy_Auth";
    settings.wire_crypt = "Disabled";
    auto source = source_on(things(), settings);
    CHECK(must_read(*source, "t", key_walk("", 10)).size() == 3);
    auto with_srp = remote(server, "t.fdb");
    with_srp.wire_crypt = "Required";
    CHECK(must_read(*source_on(things(), with_srp), "t", key_walk("", 10)).size() == 3);
}

TEST_CASE("rights are probed: who could write is told why, and which grants suffice") {
    FirebirdServer server;
    auto writer = thing_base(server, 3);
    server.create_user("READER", "reader88", "Srp");
    server.create_user("WRITER", "writer88", "Srp");
    writer.execute("grant select on T to READER");
    writer.execute("grant select, update, delete on T to WRITER");
    const auto probe_as = [&](const std::string& user, const std::string& password) {
        auto settings = remote(server, "t.fdb");
        settings.user = user;
        settings.password = password;
        auto report = source_on(connector_of({thing()}), settings)->probe();
        REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().text));
        return *std::move(report);
    };
    const auto reader = probe_as("READER", "reader88");
    CHECK(reader.login == "READER");
    CHECK(reader.write_rights.empty());
    CHECK(reader.sufficient_grants == std::vector<std::string>{"grant select on T to READER"});
    CHECK(
        probe_as("WRITER", "writer88").write_rights ==
        std::vector<std::string>{"WRITER may delete from T", "WRITER may update T"}
    );
    const auto sysdba = probe_as("SYSDBA", "masterkey");
    CHECK(sysdba.write_rights == std::vector<std::string>{"SYSDBA may do anything"});
    CHECK(
        sysdba.sufficient_grants ==
        std::vector<std::string>{
            "create user MIS_GATEWAY password '…'", "grant select on T to MIS_GATEWAY"}
    );

    writer.execute("revoke select on T from READER");
    auto settings = remote(server, "t.fdb");
    settings.user = "READER";
    settings.password = "reader88";
    auto refused = lines(*source_on(things(), settings), "t", key_walk("", 10));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::misconfigured);
    CHECK(contains(refused.error().text, "no permission for"));
}

TEST_CASE("the printed grants suffice: a fresh login with them reads every stream") {
    FirebirdServer server;
    auto writer = thing_base(server, 3);
    writer.execute_script(R"(create table "price list" ("id" integer not null primary key);
insert into "price list" values (5);
create table "Врачи" (ID integer not null primary key);
insert into "Врачи" values (6);
create table HIDDEN (ID integer not null primary key);
insert into HIDDEN values (7);
create view SEEN as select ID from HIDDEN;
)");
    writer.execute(
        "create procedure PICKED returns (ID integer) as begin for select ID from HIDDEN into :ID "
        "do "
        "suspend; end"
    );
    writer.execute(
        "create procedure OUTER_ONE returns (ID integer) as begin for select ID from PICKED into "
        ":ID "
        "do suspend; end"
    );
    writer.execute("create function TWICE (A integer) returns integer as begin return A * 2; end");
    const Connector connector = connector_of(
        {thing(),
         stream_of(
             "price", "P.\"id\"", "select P.\"id\" from \"price list\" P where {slice}", {{"id"}}
         ),
         stream_of("doctor", "V.ID", "select V.ID from \"Врачи\" V where {slice}", {{"id"}}),
         stream_of("seen", "V.ID", "select V.ID from SEEN V where {slice}", {{"id"}}),
         stream_of("outer", "O.ID", "select O.ID from OUTER_ONE O where {slice}", {{"id"}}),
         stream_of(
             "twice", "T.ID", "select T.ID, TWICE(T.ID) as A from T where {slice}", {{"id"}, {"a"}}
         )}
    );
    server.create_user("FRESH", "fresh888", "Srp");
    auto settings = remote(server, "t.fdb");
    settings.user = "FRESH";
    settings.password = "fresh888";
    const auto before = source_on(connector, settings)->probe();
    REQUIRE_MESSAGE(before.has_value(), (before ? "" : before.error().text));
    for (const auto& stream : before->streams) {
        CHECK_FALSE(stream.on);
        CHECK(contains(stream.reason, "the login lacks a right"));
    }
    for (const auto& grant : before->sufficient_grants) writer.execute(grant);
    auto source = source_on(connector, settings);
    const auto after = source->probe();
    REQUIRE_MESSAGE(after.has_value(), (after ? "" : after.error().text));
    CHECK(after->write_rights.empty());
    for (const auto& stream : after->streams) CHECK_MESSAGE(stream.on, stream.reason);
    CHECK(must_read(*source, "price", key_walk("", 9)) == Lines{"5"});
    CHECK(must_read(*source, "doctor", key_walk("", 9)) == Lines{"6"});
    CHECK(must_read(*source, "seen", key_walk("", 9)) == Lines{"7"});
    CHECK(must_read(*source, "outer", key_walk("", 9)) == Lines{"7"});
    CHECK(must_read(*source, "twice", key_walk("", 1)) == Lines{"1|2"});
    const auto granted = [&](std::string_view grant) {
        return std::find(
                   before->sufficient_grants.begin(), before->sufficient_grants.end(), grant
               ) != before->sufficient_grants.end();
    };
    CHECK(granted("grant select on \"price list\" to FRESH"));
    CHECK(granted("grant execute on procedure OUTER_ONE to FRESH"));
    CHECK(granted("grant execute on function TWICE to FRESH"));
}

TEST_CASE("a procedure that writes is a stream that cannot be read, and the probe says why") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("w.fdb")}, "UTF8");
    writer.execute("create table LOGT (ID integer)");
    writer.execute(
        "create procedure P_S returns (ID integer) as begin insert into LOGT values (1); ID = 1; "
        "suspend; end"
    );
    auto source = source_on(
        connector_of({stream_of("p", "V.ID", "select V.ID from P_S V where {slice}", {{"id"}})}),
        embedded(folder.file("w.fdb"))
    );
    const auto report = source->probe();
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().text));
    CHECK_FALSE(report->streams[0].on);
    CHECK(contains(report->streams[0].reason, "p.fetch.sql (key walk): "));
    CHECK(contains(report->streams[0].reason, "writes to the base, which the gateway never does"));
}

TEST_CASE("types that cannot be read are named, with what to write instead") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("y.fdb")}, "UTF8");
    writer.execute("create table T (ID integer not null primary key, A integer[3])");
    auto source = source_on(
        connector_of(
            {stream_of("t", "T.ID", "select T.ID, T.A from T where {slice}", {{"id"}, {"a"}})}
        ),
        embedded(folder.file("y.fdb"))
    );
    const auto read = lines(*source, "t", key_walk("", 9));
    REQUIRE_FALSE(read.has_value());
    CHECK(contains(
        read.error().text,
        "column a is of the server's type ARRAY, which cannot be read: no cast helps"
    ));
    CHECK(contains(read.error().text, "a[1] as a_1"));
}

TEST_CASE(
    "the probe tells indexed polls from full scans, counts rows, finds the newest stamp and the "
    "clock's skew"
) {
    FirebirdServer server;
    thing_base(server, 300);
    SystemClock clock;
    SourceOptions options;
    options.zone = Zone::find("UTC");
    auto settings = remote(server, "t.fdb");
    settings.statement_seconds_max = 2;
    auto source = *firebird::open(connector_of({thing()}), settings, clock, options);
    auto report = source->probe();
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().text));
    CHECK(contains(report->server, "Firebird 3.0"));
    CHECK(contains(report->server, "WIN1251"));
    REQUIRE(report->clock_skew_seconds.has_value());
    REQUIRE(report->streams.size() == 1);
    const StreamProbe& probe = report->streams[0];
    CHECK(probe.on);
    CHECK(probe.rows == 300);
    CHECK(probe.tables == std::vector<std::string>{"T"});
    REQUIRE(probe.stamps.size() == 2);
    REQUIRE(probe.stamps[0].newest.has_value());
    CHECK(probe.stamps[0].newest->substr(0, 10) == report->source_now.substr(0, 10));
    REQUIRE(probe.plans.size() == 4);
    CHECK(probe.plans[0].plan == "PLAN (T INDEX (T_STAMP))");
    CHECK(probe.plans[0].reading == PlanProbe::Reading::indexed);
    CHECK(probe.plans[1].plan == "PLAN (T NATURAL)");
    CHECK(probe.plans[1].reading == PlanProbe::Reading::full_scan);
    CHECK(contains(probe.plans[1].remedy, "T.UNINDEXED has no usable index"));
    CHECK(contains(probe.plans[2].plan, "ORDER"));
    CHECK(probe.plans[2].reading == PlanProbe::Reading::indexed);
    CHECK(probe.plans[3].reading == PlanProbe::Reading::indexed);
}

TEST_CASE("an embedded base is open to a second process while we read it (ServerMode = Classic)") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "WIN1251");
    writer.execute(
        "create table T (ID integer not null primary key, NAME varchar(20), STAMP timestamp, "
        "UNINDEXED timestamp)"
    );
    auto source = source_on(connector_of({thing()}), embedded(folder.file("a.fdb")));
    CHECK(must_read(*source, "t", key_walk("", 10)).empty());
    const std::string command =
        "/usr/bin/isql-fb -q -user SYSDBA " + folder.file("a.fdb") + " >/dev/null 2>&1";
    std::FILE* other = popen(command.c_str(), "w");
    REQUIRE(other != nullptr);
    std::fputs("insert into T (ID, NAME) values (7, 'other');\ncommit;\nquit;\n", other);
    CHECK(pclose(other) == 0);
    CHECK(must_read(*source, "t", key_walk("", 10)) == Lines{"7|other"});
    auto report = source->probe();
    REQUIRE(report.has_value());
    CHECK(contains(report->write_rights.at(0), "embedded access checks no password"));
}

}  // namespace firebird_server_test
