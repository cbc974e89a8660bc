// The one state of a base that a pass reads, and who is told of transactions beside it.
#include "reading.hpp"

using namespace mis;
using namespace mis::source;
using namespace mis::source::testing;
using support::FirebirdServer;
using support::FirebirdWriter;

namespace {

const char* const kTables = R"(
create table A (ID integer not null primary key);
create table B (ID integer not null primary key);
insert into A values (1);
insert into B values (1);
)";

Connector two_tables() {
    return connector_of(
        {stream_of("a", "A.ID", "select A.ID from A where {slice}", {{"id"}}),
         stream_of("b", "B.ID", "select B.ID from B where {slice}", {{"id"}}),
         stream_of("none", "C.ID", "select C.ID from C where {slice}", {{"id"}})}
    );
}

Slice of_its_own(Slice slice) {
    slice.snapshot = Slice::Snapshot::own;
    return slice;
}

}  // namespace

TEST_CASE("D2: between begin_pass() and end_pass() all slices see one state") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "WIN1251");
    writer.execute_script(kTables);
    auto source = source_on(two_tables(), embedded(folder.file("a.fdb")));
    source->begin_pass();
    const auto now = *source->source_now();
    CHECK(must_read(*source, "a", key_walk("", 10)) == Lines{"1"});
    writer.execute("insert into B values (2)");
    CHECK(must_read(*source, "b", key_walk("", 10)) == Lines{"1"});
    CHECK(must_read(*source, "b", by_ids({"2"})).empty());
    CHECK(*source->source_now() == now);  // rows committed since are later than it

    SUBCASE("which ends with the pass") {
        CHECK(source->end_pass() == 1);
        CHECK(must_read(*source, "b", key_walk("", 10)) == Lines{"1", "2"});
    }
    SUBCASE("a walk has a snapshot of its own, and so has what comes after it") {
        CHECK(must_read(*source, "b", of_its_own(key_walk("", 10))) == Lines{"1", "2"});
        CHECK(must_read(*source, "b", key_walk("", 10)) == Lines{"1", "2"});
        CHECK(source->end_pass() == 2);
    }
    SUBCASE("a stream that is refused leaves it as it is") {
        CHECK_FALSE(lines(*source, "none", key_walk("", 10)).has_value());
        CHECK_FALSE(source->was_cut_off());
        CHECK(must_read(*source, "b", key_walk("", 10)) == Lines{"1"});
        CHECK(source->end_pass() == 1);
        writer.execute("create table C (ID integer not null primary key)");
        source->begin_pass();  // the catalog is read anew
        CHECK(must_read(*source, "none", key_walk("", 10)).empty());
        CHECK(source->end_pass() == 1);
    }
}

TEST_CASE("D2: a connection that died takes the state with it, and the source says so") {
    FirebirdServer server;
    {
        auto writer = FirebirdWriter::create(server.login("a.fdb"), "WIN1251");
        writer.execute_script(kTables);
    }
    auto source = source_on(two_tables(), remote(server, "a.fdb"));
    source->begin_pass();
    CHECK(must_read(*source, "a", key_walk("", 10)) == Lines{"1"});
    server.kill();
    CHECK_FALSE(lines(*source, "b", key_walk("", 10)).has_value());
    CHECK(source->was_cut_off());
    CHECK_FALSE(source->was_cut_off());  // since last asked
    server.start();
    CHECK(must_read(*source, "b", key_walk("", 10)) == Lines{"1"});
    CHECK(source->end_pass() == 2);
}

TEST_CASE("the age of transactions beside ours is told to those who see them all, and else not") {
    FirebirdServer server;
    auto writer = FirebirdWriter::create(server.login("a.fdb"), "WIN1251");
    writer.execute_script(kTables);
    server.create_user("READER", "reader88", "Srp");
    writer.execute("grant select on A to READER");
    auto source = source_on(two_tables(), remote(server, "a.fdb"));
    const auto before = *source->source_now();
    writer.begin();
    writer.execute("insert into A values (2)");
    const auto after = *source->source_now();
    const auto oldest = source->oldest_open_transaction();
    REQUIRE(oldest.has_value());
    CHECK(*oldest >= before);
    CHECK(*oldest <= after);
    writer.commit();
    const auto none = source->oldest_open_transaction();
    REQUIRE(none.has_value());
    CHECK(*none >= after);

    auto settings = remote(server, "a.fdb");
    settings.user = "READER";
    settings.password = "reader88";
    CHECK_FALSE(source_on(two_tables(), settings)->oldest_open_transaction().has_value());
}
