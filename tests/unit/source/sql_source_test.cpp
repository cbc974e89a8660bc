#include "reading.hpp"

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
        {{"id", ColumnType::integer}, {"name"}, {"day_at", ColumnType::date}, {"stamp", ColumnType::timestamp}}
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

        CHECK(must_read(*source, "visit", between(Slice::By::stamp, "2026-03-02 10:00:00.1234", "2026-03-03 10:00:00")) == Lines{one});
        CHECK(must_read(*source, "visit", between(Slice::By::stamp, "2026-03-02 10:00:00.1235", "2026-03-03 10:00:00.0001")) == Lines{two});
        CHECK(must_read(*source, "visit", between(Slice::By::window, "2026-03-03 00:00:00", "2026-03-05 00:00:00")) == Lines{two, three});
        // a DATE is midnight: one that begins before `from` is out, one before `to` is in
        CHECK(must_read(*source, "visit", between(Slice::By::window, "2026-03-03 00:00:01", "2026-03-05 00:00:01")) == Lines{three, big});
        CHECK(must_read(*source, "visit", key_walk("", 2)) == Lines{one, two});
        CHECK(must_read(*source, "visit", key_walk("2", 2)) == Lines{three, big});
        CHECK(must_read(*source, "visit", key_walk("9000000000000000000", 2)).empty());
        CHECK(must_read(*source, "visit", by_ids({"3", "77", "1"})) == Lines{one, three});
        CHECK(must_read(*source, "visit", by_ids({"9000000000000000000"})) == Lines{big});
    }
}
