// What stands in the cells of a row: every type of the server, every character set, exactly (I5).
#include "reading.hpp"
#include "source/exact_text.hpp"
#include "source/firebird/decode.hpp"

using namespace mis;
using namespace mis::source;
using namespace mis::source::testing;
using support::FirebirdWriter;

TEST_CASE("I5: every type of the server comes as exact text") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("types.fdb")}, "WIN1251");
    writer.execute_script(R"(
create table T (ID integer not null primary key, S smallint, S2 numeric(4,2), I4 numeric(9,3), L bigint, N numeric(15,2), N18 numeric(18,4),
  D double precision, F float, DA date, TI time, TS timestamp, C char(10), V varchar(10), B boolean, OC char(4) character set OCTETS,
  TXT blob sub_type text, BIN blob sub_type 0);
insert into T values (1, -7, -0.05, 12.500, -9223372036854775808, 1.08, 0.0001, 0.1, 0.1, '0001-01-01', '00:00:00', '9999-12-31 23:59:59.9999',
  'Ж', '', true, x'00FF10AB', 'строка', 'байты');
insert into T values (2, 0, 0, 0, 9223372036854775807, 99999999999.99, -1.5, 1e20, -2.5, '2026-02-28', '12:34:56.7', '1899-12-30 00:00:00',
  '  a  b', '  c ', false, x'20202020', '', '');
insert into T (ID) values (3);
)");
    auto stream = stream_of(
        "t", "T.ID", "select T.* from T where {slice}",
        {{"id"},
         {"s"},
         {"s2"},
         {"i4"},
         {"l"},
         {"n"},
         {"n18"},
         {"d"},
         {"f"},
         {"da"},
         {"ti"},
         {"ts"},
         {"c"},
         {"v"},
         {"b"},
         {"oc"},
         {"txt"},
         {"bin"}}
    );
    auto source = source_on(connector_of({stream}), embedded(folder.file("types.fdb")));
    const auto rows = must_read(*source, "t", key_walk("", 10));
    REQUIRE(rows.size() == 3);
    CHECK(
        rows[0] ==
        "1|-7|-0.05|12.500|-9223372036854775808|1.08|0.0001|0.1|0.1|0001-01-01|00:00:00|9999-12-31 "
        "23:59:59.9999|Ж||1|00ff10ab|строка|байты"
    );
    CHECK(
        rows[1] ==
        "2|0|0.00|0.000|9223372036854775807|99999999999.99|-1.5000|100000000000000000000|-2.5|2026-"
        "02-28|12:34:56.7000|"
        "1899-12-30 00:00:00|  a  b|  c |0|20202020||"
    );
    CHECK(
        rows[2] ==
        "3|<null>|<null>|<null>|<null>|<null>|<null>|<null>|<null>|<null>|<null>|<null>|<null>|<"
        "null>|<null>|<null>|<null>|<null>"
    );
}

TEST_CASE("text comes whole from WIN1251, UTF8 and NONE bases, also from columns in another set") {
    support::FirebirdFolder folder;
    const std::string every = "АБВГДЕЁЖЗабвгдеёжзЪЫЭЮЯ№—«»";
    for (const std::string charset : {"WIN1251", "UTF8", "NONE"}) {
        CAPTURE(charset);
        auto writer = FirebirdWriter::create({folder.file(charset + ".fdb")}, charset);
        writer.execute(
            "create table T (ID integer not null primary key, A varchar(60), O varchar(60) "
            "character set DOS866, U varchar(60) character set UTF8,"
            " W char(40) character set WIN1251, TXT blob sub_type text character set WIN1251)"
        );
        // hexadecimal, so that it is the bytes that are tested and not the writer: А in each set,
        // and «Тест» in the base's own
        const std::string own = charset == "UTF8" ? "x'D0A2D0B5D181D182'" : "x'D2E5F1F2'";
        writer.execute(
            "insert into T values (1, " + own +
            ", _DOS866 x'80F0', _UTF8 x'D090D181E28496', _WIN1251 x'C0B8B9', _WIN1251 x'C0C1')"
        );
        auto settings = embedded(folder.file(charset + ".fdb"));
        if (charset == "NONE") settings.charset = "WIN1251";
        const auto stream = stream_of(
            "t", "T.ID", "select T.* from T where {slice}",
            {{"id"}, {"a"}, {"o"}, {"u"}, {"w"}, {"txt"}}
        );
        auto source = source_on(connector_of({stream}), settings);
        CHECK(must_read(*source, "t", key_walk("", 10)) == Lines{"1|Тест|АЁ|Ас№|Аё№|АБ"});
        if (charset == "NONE") continue;  // the writer does not know its set
        writer.execute("insert into T (ID, A) values (2, " + support::quoted(every) + ")");
        CHECK(
            must_read(*source, "t", key_walk("1", 10)) ==
            Lines{"2|" + every + "|<null>|<null>|<null>|<null>"}
        );
    }
}

TEST_CASE("Cyrillic literals of a fetch, and ids, reach the base in its own set") {
    support::FirebirdFolder folder;
    for (const std::string charset : {"WIN1251", "UTF8"}) {
        CAPTURE(charset);
        auto writer = FirebirdWriter::create({folder.file(charset + ".fdb")}, charset);
        writer.execute_script(
            "create table T (CODE varchar(20) not null primary key, KIND varchar(20));\n"
            "insert into T values ('ключ-1', 'визит');\ninsert into T values ('ключ-2', "
            "'визит');\ninsert into T values ('я', 'иное');\n"
        );
        const auto stream = stream_of(
            "t", "T.CODE", "select T.CODE, T.KIND from T where T.KIND = 'визит' and {slice}",
            {{"code"}, {"kind"}}
        );
        auto source = source_on(connector_of({stream}), embedded(folder.file(charset + ".fdb")));
        CHECK(must_read(*source, "t", by_ids({"ключ-2", "я"})) == Lines{"ключ-2|визит"});
        CHECK(must_read(*source, "t", key_walk("ключ-1", 5)) == Lines{"ключ-2|визит"});
    }
}

TEST_CASE("bytes that are no text are an issue of their row, and the others flow") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "NONE");
    writer.execute_script(
        "create table T (ID integer not null primary key, A varchar(20), B varchar(20));\n"
        "insert into T values (1, 'plain', 'x');\ninsert into T values (2, x'61D2', 'y');\ninsert "
        "into T values (3, 'z', x'98');\n"
    );
    const auto stream =
        stream_of("t", "T.ID", "select ID, A, B from T where {slice}", {{"id"}, {"a"}, {"b"}});
    SUBCASE("nobody said which set it is") {
        auto source = source_on(connector_of({stream}), embedded(folder.file("a.fdb")));
        CHECK(
            must_read(*source, "t", key_walk("", 9)) ==
            Lines{
                "1|plain|x",
                "2|<null>|y !column a: byte 2 is no character of NONE: say in firebird.charset "
                "what the MIS writes (WIN1251, CP866, …)",
                "3|z|<null> !column b: byte 1 is no character of NONE: say in firebird.charset "
                "what the MIS writes (WIN1251, CP866, …)"}
        );
    }
    SUBCASE("WIN1251 has no character 98") {
        auto settings = embedded(folder.file("a.fdb"));
        settings.charset = "WIN1251";
        auto source = source_on(connector_of({stream}), settings);
        CHECK(
            must_read(*source, "t", key_walk("", 9)) ==
            Lines{"1|plain|x", "2|aТ|y", "3|z|<null> !column b: byte 1 is no character of WIN1251"}
        );
    }
}

TEST_CASE(
    "blobs come whole: segments that end inside a character are joined first; too long ones are an "
    "issue"
) {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb")}, "UTF8");
    writer.execute(
        "create table T (ID integer not null primary key, TXT blob sub_type text segment size 3)"
    );
    // built by the server in steps of odd bytes: 40 000 two-byte letters pass the segment limit of
    // 32 768 bytes inside one of them
    writer.execute(
        "execute block as declare A blob sub_type text character set UTF8; declare I integer = 0; "
        "begin"
        " A = 'x'; while (I < 8) do begin A = A || cast(rpad(_UTF8 x'D096', 5000, _UTF8 x'D096') "
        "as varchar(5000) character set UTF8); I = I + 1; end"
        " insert into T values (1, :A); end"
    );
    writer.execute(
        "execute block as declare A blob sub_type text; declare I integer = 0; begin"
        " A = ''; while (I < 36) do begin A = A || cast(rpad('y', 32000, 'y') as varchar(32000)); "
        "I = I + 1; end"
        " insert into T values (2, :A); end"
    );
    const auto stream =
        stream_of("t", "T.ID", "select ID, TXT from T where {slice}", {{"id"}, {"txt"}});
    auto source = source_on(connector_of({stream}), embedded(folder.file("a.fdb")));
    const auto rows = must_read(*source, "t", key_walk("", 9));
    REQUIRE(rows.size() == 2);
    std::string expected = "1|x";
    for (int i = 0; i < 40'000; ++i) expected += "Ж";
    const bool whole = rows[0] == expected;
    CHECK(whole);
    CHECK(rows[0].size() == expected.size());
    CHECK(rows[1] == "2|<null> !column txt: longer than 1048576 bytes");
}

TEST_CASE("I5: dialect 1 keeps money in doubles: rounded once to kopecks, and the row says so") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("a.fdb"), "SYSDBA", "", 1}, "WIN1251");
    writer.execute_script(
        "create table T (ID integer not null, N numeric(15,2), D double precision, Q double "
        "precision, DAY_AT date);\n"
        "create unique index T_ID on T (ID);\n"
        "insert into T values (1, 4500.1, 1.005, 0.125, '02-MAR-2026 10:00:00');\n"
        "insert into T values (2, 99999999999.99, 0.3, 1.1, '03-MAR-2026');\n"
        "insert into T values (3, -0.004, 4500, 1.00049, null);\n"
        "update T set D = D * 3 where ID = 2;\n"
    );
    auto settings = embedded(folder.file("a.fdb"));
    settings.dialect = 1;
    auto stream = stream_of(
        "t", "T.ID", "select ID, N, D, Q, DAY_AT from T where {slice}",
        {{"id", ColumnType::integer},
         {"n", ColumnType::decimal},
         {"d", ColumnType::decimal},
         {"q", ColumnType::decimal, 3},
         {"day_at", ColumnType::timestamp}}
    );
    stream.window = WindowDeclaration{"T.DAY_AT", 1, 1};
    auto source = source_on(connector_of({stream}), settings);
    CHECK(
        must_read(*source, "t", key_walk("", 9)) ==
        Lines{
            "1|4500.10|1.01|0.125|2026-03-02 10:00:00 ~d: binary floating number rounded to 2 "
            "decimals",
            "2|99999999999.99|0.90|1.100|2026-03-03 00:00:00 ~d: binary floating number rounded to "
            "2 decimals",
            "3|0.00|4500.00|1.000|<null> ~n: binary floating number rounded to 2 decimals ~q: "
            "binary floating number rounded to 3 decimals",
        }
    );
    CHECK(
        must_read(
            *source, "t", between(Slice::By::window, "2026-03-02 10:00:00", "2026-03-03 00:00:00")
        )
            .size() == 1
    );
}

TEST_CASE("doubles are rounded on their shortest digits, half up away from zero") {
    const auto rounded = [](double value, int decimals) {
        std::string text;
        append_double(text, value, decimals);
        return text;
    };
    CHECK(rounded(1.005, 2) == "1.01");
    CHECK(rounded(-1.005, 2) == "-1.01");
    CHECK(rounded(0.995, 2) == "1.00");
    CHECK(rounded(-99.999, 2) == "-100.00");
    CHECK(rounded(9.5, 0) == "10");
    CHECK(rounded(-0.001, 2) == "0.00");
    CHECK(rounded(123456789.125, 2) == "123456789.13");
    CHECK(rounded(1e15, 2) == "1000000000000000.00");
    CHECK(rounded(0.1 + 0.2, 2) == "0.30");
}
