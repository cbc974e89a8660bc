// What a fetch may write in Russian: names, literals against columns of any set; and that names go
// in and out as the catalog has them.
#include "source/firebird/statement_text.hpp"

#include "reading.hpp"
#include "source/firebird/plan_text.hpp"
#include "source/sql_words.hpp"

using namespace mis;
using namespace mis::source;
using namespace mis::source::testing;
using firebird::read_plan;
using firebird::server_text;
using firebird::TextSets;
using support::FirebirdWriter;

namespace {

TextSets clinic_sets() {
    TextSets sets;
    sets.of_columns = {
        {"FIO", {"WIN1251"}}, {"FIO_U", {"UTF8"}}, {"NOTE", {"NONE"}}, {"Имя", {"UTF8"}}};
    sets.of_base = sets.for_none = "WIN1251";
    return sets;
}

std::string sent(std::string_view sql, const TextSets& sets = clinic_sets(), int dialect = 3) {
    return server_text(sql, dialect, sets).value_or("refused");
}

const std::string kYes = "'\xe4\xe0'";  // 'да' in Windows-1251

}  // namespace

TEST_CASE("a literal with Russian letters says its set, that of the column beside it") {
    CHECK(sent("select 1 from T where T.FIO = 'x'") == "select 1 from T where T.FIO = 'x'");
    CHECK(sent("where T.FIO = 'да'") == "where T.FIO = _WIN1251 " + kYes);
    CHECK(sent("where T.FIO_U = 'да'") == "where T.FIO_U = _UTF8 'да'");
    CHECK(sent("where 'да' = T.FIO_U and A = 1") == "where _UTF8 'да' = T.FIO_U and A = 1");
    CHECK(sent("where T.\"Имя\" starting with 'да'") == "where T.\"Имя\" starting with _UTF8 'да'");
    CHECK(
        sent("where FIO in ('x', 'да') and FIO_U in ('да', 'y')") ==
        "where FIO in ('x', _WIN1251 " + kYes + ") and FIO_U in (_UTF8 'да', 'y')"
    );
    // bytes against bytes, in what the MIS writes there
    CHECK(sent("where T.NOTE containing 'да'") == "where T.NOTE containing " + kYes);
    // beside no column: the base's set
    CHECK(sent("select 'да' as A from T") == "select _WIN1251 " + kYes + " as A from T");
    // a letter that the set lacks
    CHECK(sent("where T.FIO = 'café'") == "where T.FIO = _UTF8 'café'");
    CHECK(sent("coalesce(T.FIO, 'да''нет')").find("_WIN1251 '\xe4\xe0''\xed") != std::string::npos);
}

TEST_CASE("what is no literal of ours goes out as it is written") {
    CHECK(sent("select \"Код\" from \"Врачи\" -- да\n") == "select \"Код\" from \"Врачи\" -- да\n");
    CHECK(sent("/* 'да' */ select 1") == "/* 'да' */ select 1");
    CHECK(sent("where A = _UTF8 'да'") == "where A = _UTF8 'да'");
    CHECK(sent("where A = _win1251 'да'") == "where A = _win1251 " + kYes);
    TextSets none;
    CHECK(sent("where A = 'да'", none) == "where A = _UTF8 'да'");
    // in dialect 1 double quotes hold texts
    CHECK(sent("where A = \"да\"", clinic_sets(), 1) == "where A = _WIN1251 \"\xe4\xe0\"");
    const auto long_text = server_text(std::string(70'000, 'x'), 3, none);
    REQUIRE_FALSE(long_text.has_value());
    CHECK(long_text.error().text.find("64 kB") != std::string::npos);
}

TEST_CASE("names are quoted where SQL wants it, and read back") {
    for (const auto& [name, written] : std::map<std::string, std::string>{
             {"VISIT", "VISIT"},
             {"visits", "\"visits\""},
             {"price list", "\"price list\""},
             {"Врачи", "\"Врачи\""},
             {"ORDER", "\"ORDER\""},
             {"A\"B", "\"A\"\"B\""},
             {"T$1", "T$1"},
             {"1A", "\"1A\""}}) {
        CHECK(written_name(name) == written);
        CHECK(catalog_name(written) == name);
    }
    CHECK(catalog_name("visits") == "VISITS");
    CHECK(
        identifiers_in("a.\"x y\" 'it''s B' \"q\"\"r\"") ==
        std::vector<std::string>{"A", "x y", "q\"r"}
    );
    CHECK(declared_name("V.\"den\"") == "den");
    CHECK(declared_name("V.DAY_AT") == "day_at");
    CHECK(declared_name("{column:V:VISIT.DAY_AT|}") == "day_at");
    CHECK(declared_name("\"a.b\".\"Код\"") == "код");
}

TEST_CASE("placeholders name quoted tables and columns, and a site's column as the base has it") {
    StreamDeclaration stream = stream_of(
        "v", "V.\"id\"",
        "select V.\"id\", {column:V:\"visits\".\"order\"|null} as ORD, "
        "{site:note:V:\"visits\"|null} as "
        "NOTE from {table:\"visits\"|RDB$DATABASE} V where {slice}",
        {{"id"}, {"ord"}, {"note"}}
    );
    Catalog catalog;
    catalog.tables = {{"visits", {"id", "order", "Заметка"}}};
    const auto text = render_fetch(
        stream, {SliceForm::Kind::key_walk_start, 0, 0}, catalog, {{"note", "Заметка"}}
    );
    REQUIRE_MESSAGE(text.has_value(), (text ? "" : text.error().text));
    CHECK(
        *text ==
        "select V.\"id\", V.\"order\" as ORD, V.\"Заметка\" as NOTE from \"visits\" V where (1 = "
        "1)\n"
        "order by V.\"id\" rows ?"
    );
    CHECK_FALSE(render_fetch(
                    stream, {SliceForm::Kind::key_walk_start, 0, 0}, catalog, {{"note", "нет"}}
    ).has_value());
}

TEST_CASE(
    "Russian names and literals are read from bases of every set, and the probe prepares the same"
) {
    support::FirebirdFolder folder;
    for (const std::string charset : {"WIN1251", "UTF8", "NONE"}) {
        CAPTURE(charset);
        const std::string file = folder.file("names-" + charset + ".fdb");
        auto writer = FirebirdWriter::create({file}, charset);
        writer.execute(
            "create table \"Врачи\" (\"Код\" integer not null primary key, FIO_W varchar(40) "
            "character "
            "set WIN1251, FIO_U varchar(40) character set UTF8, FIO_N varchar(40) character set "
            "NONE)"
        );
        writer.execute("insert into \"Врачи\" values (1, _UTF8 'да', _UTF8 'да', _WIN1251 x'E4E0')"
        );
        writer.execute(
            "insert into \"Врачи\" values (2, _UTF8 'нет', _UTF8 'né', _WIN1251 x'EDE5F2')"
        );
        auto settings = embedded(file);
        settings.charset = "WIN1251";
        std::vector<StreamDeclaration> streams;
        for (const std::string column : {"FIO_W", "FIO_U", "FIO_N"})
            streams.push_back(stream_of(
                to_upper(column), "V.\"Код\"",
                "select V.\"Код\", V." + column + " as \"Имя\" from \"Врачи\" V where V." + column +
                    " = 'да' and {slice}",
                {{"код", ColumnType::integer}, {"имя"}}
            ));
        auto source = source_on(connector_of(streams), settings);
        for (const auto& stream : streams) {
            CAPTURE(stream.name);
            CHECK(must_read(*source, stream.name, key_walk("", 9)) == Lines{"1|да"});
            CHECK(must_read(*source, stream.name, by_ids({"1", "2"})) == Lines{"1|да"});
        }
        const auto report = source->probe();
        REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().text));
        for (const auto& stream : report->streams) {
            CHECK_MESSAGE(stream.on, stream.reason);
            CHECK(stream.rows == 1);
        }
        CHECK(report->sufficient_grants.back() == "grant select on \"Врачи\" to MIS_GATEWAY");
    }
}

TEST_CASE("a plan tells the statement's own reads from those of subselects") {
    const auto plan = read_plan(
        "PLAN SORT (T INDEX (T1))\nPLAN (U NATURAL)\nPLAN JOIN (S ORDER RDB$PRIMARY1, V X INDEX "
        "(A, B))",
        "S"
    );
    CHECK_FALSE(plan.sorts_result);
    REQUIRE(plan.statement.size() == 2);
    CHECK(plan.statement[0].path == "S");
    CHECK(plan.statement[0].how == firebird::PlanAccess::How::order);
    CHECK(plan.statement[1].first() == "V");
    CHECK(plan.statement[1].last() == "X");
    REQUIRE(plan.subselects.size() == 2);
    CHECK(plan.subselects[0].sorted);
    CHECK(plan.subselects[1].how == firebird::PlanAccess::How::natural);
    CHECK(read_plan("PLAN SORT (JOIN (X NATURAL, S INDEX (PK)))", "S").sorts_result);
    CHECK(
        firebird::table_of_alias(
            "X", "select 1 from S left join \"price list\" as X on 1=1", {"S", "price list"}
        ) == "price list"
    );
}

TEST_CASE("the probe blames the table that is read whole or sorted, not the key") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("plans.fdb")}, "UTF8");
    writer.execute_script(R"(create table S (ID integer not null primary key, AMT integer);
create table T (ID integer not null primary key, S integer, V integer);
create index T1 on T (S);
create table U (ID integer not null primary key, S integer, V integer);
)");
    writer.execute("create procedure P returns (ID integer) as begin ID = 1; suspend; end");
    const auto remedies = [&](const std::string& fetch, const std::string& key = "S.ID") {
        auto stream = stream_of("s", key, fetch, {{"id"}, {"v"}});
        auto report =
            source_on(connector_of({stream}), embedded(folder.file("plans.fdb")))->probe();
        REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().text));
        REQUIRE_MESSAGE(report->streams[0].on, report->streams[0].reason);
        std::string all;
        for (const auto& plan : report->streams[0].plans)
            all += plan.form + ": " + plan.remedy + "\n";
        return all;
    };
    const auto says = [](const std::string& text, std::string_view part) {
        INFO(text);
        return text.find(part) != std::string::npos;
    };
    const auto sorted = remedies(
        "select S.ID, (select first 1 T.V from T where T.S = S.ID order by T.ID desc) as V from S "
        "where {slice}"
    );
    CHECK(says(sorted, "key walk: table T, in a subselect, is sorted for every row"));
    CHECK_FALSE(says(sorted, "S.ID"));
    const auto scanned = remedies(
        "select S.ID, (select sum(X.V) from U X where X.S = S.ID) as V from S where {slice}"
    );
    CHECK(says(scanned, "1 ids: table U (X), in a subselect, is read whole for every row"));
    CHECK_FALSE(says(scanned, "S.ID"));
    const auto joined = remedies("select S.ID, U.V from S left join U on U.S = S.ID where {slice}");
    CHECK(says(joined, "key walk: table U is read whole, for nothing that joins it has a usable"));
    CHECK(says(
        remedies("select S.ID, S.AMT as V from S where {slice}", "S.AMT"),
        "S.AMT has no usable index"
    ));
    CHECK(says(remedies("select P.ID, 1 as V from P where {slice}", "P.ID"), "P is a procedure"));
    CHECK(remedies("select S.ID, S.AMT as V from S where {slice}") == "key walk: \n1 ids: \n");
}

TEST_CASE("discover tells types, keys and indexes of tables, views and procedures") {
    support::FirebirdFolder folder;
    auto writer = FirebirdWriter::create({folder.file("d.fdb")}, "WIN1251");
    writer.execute_script(
        R"(create table "visits" ("id" integer not null primary key, AMT numeric(15,2), N varchar(20), U char(3) character set UTF8, D date, TS timestamp, B blob sub_type text, K smallint not null);
create descending index VD on "visits" (D, AMT);
create unique index VN on "visits" (N);
create index VE on "visits" computed by (upper(N));
alter index VE inactive;
create view VW as select "id" from "visits";
)"
    );
    writer.execute(
        "create procedure P (A integer) returns (ID integer) as begin ID = A; suspend; end"
    );
    auto source = source_on(
        connector_of({stream_of("v", "V.ID", "select ID from VW V where {slice}", {{"id"}})}),
        embedded(folder.file("d.fdb"))
    );
    const auto found = source->discover();
    REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().text));
    REQUIRE(found->size() == 3);
    const auto& procedure = (*found)[0];
    CHECK(procedure.name == "P");
    CHECK(procedure.kind == TableDescription::Kind::procedure);
    REQUIRE(procedure.columns.size() == 1);
    CHECK(procedure.columns[0].type == "INTEGER");
    CHECK((*found)[1].kind == TableDescription::Kind::view);
    const auto& visits = (*found)[2];
    CHECK(source->written(visits.name) == "\"visits\"");
    std::string types;
    for (const auto& column : visits.columns)
        types += column.name + " " + column.type + (column.required ? " not null" : "") + "; ";
    CHECK(
        types ==
        "id INTEGER not null; AMT NUMERIC(15,2); N VARCHAR(20) of WIN1251; U CHAR(3) of UTF8; D "
        "DATE; "
        "TS TIMESTAMP; B BLOB of text of WIN1251; K SMALLINT not null; "
    );
    CHECK(visits.key == std::vector<std::string>{"id"});
    std::string indexes;
    for (const auto& index : visits.indexes) {
        if (index.name.starts_with("RDB$")) continue;  // of the key
        indexes += index.name;
        for (const auto& column : index.columns) indexes += " " + column;
        indexes += std::string(index.unique ? " unique" : "") +
                   (index.descending ? " descending" : "") + (index.active ? "" : " inactive") +
                   "; ";
    }
    CHECK(indexes == "VD D AMT descending; VE inactive; VN N unique; ");
}
