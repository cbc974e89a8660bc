#include "map_fixture.hpp"

using namespace map_fixture;

namespace {

const char* const kBranch = "select id as source_id, a as name, b as timezone from rows";

}  // namespace

TEST_CASE("a row becomes a record: canonical body, hash, key") {
    const auto mapped = Fixture("branch", kBranch).map({"7", " Main ", "Europe/Moscow"});
    REQUIRE(mapped.records.size() == 1);
    CHECK(mapped.row_key == "7");
    CHECK(
        mapped.records[0].body == R"({"name":"Main","source_id":"7","timezone":"Europe/Moscow"})"
    );
    CHECK(
        mapped.records[0].content_hash ==
        record_from_json("branch", mapped.records[0].body).value().content_hash
    );
    CHECK(mapped.records[0].parent_key.empty());
}

TEST_CASE("the same row as JSON document and through a map: the same bytes") {
    const Fixture fixture(
        "procedure",
        R"(select id as source_id, a as patient_source_id, local_ts(null, b) as performed_at, c as service_code,
        decimal(x) as quantity, teeth(d) as teeth, money('10.005') as total, 'T-1' as nomenclature from rows)"
    );
    const auto mapped =
        fixture.map({"1", "77", "2026-03-02 10:00", "К-1", "16", std::nullopt, "1.50"});
    REQUIRE(mapped.records.size() == 1);
    const auto& record = mapped.records[0];
    CHECK(record.patient_source_id == "77");
    CHECK(record.body.find(R"("notes":["total: rounded to two decimals"])") != std::string::npos);
    const auto again = record_from_json("procedure", record.body);
    REQUIRE(again.has_value());
    CHECK(again->body == record.body);
    CHECK(again->content_hash == record.content_hash);
}

TEST_CASE("a misspelt column is an error that names file, line and column") {
    const std::string text =
        Fixture("branch", "select id as source_id,\n  nmae as name\nfrom rows").why_not();
    CHECK(text.starts_with("branch.sql: line 2: no such column: nmae"));
    CHECK(text.find("rows has id a b c d n x") != std::string::npos);
    CHECK(
        Fixture("branch", "select id as source_id, \"nmae\" as name from rows")
            .why_not()
            .find("no such column: nmae") != std::string::npos
    );
}

TEST_CASE("result columns are the kind's fields, the required ones among them, each once") {
    CHECK(
        Fixture("branch", "select id as source_id from rows").why_not() ==
        "branch.sql: column name is missing; kind branch requires it"
    );
    CHECK(
        Fixture("branch", "select id as source_id, a as name, b as colour from rows")
            .why_not()
            .find("column colour: no field of kind branch; its fields are branch_source_id ") !=
        std::string::npos
    );
    CHECK(
        Fixture("branch", "select id as source_id, a as name, b as name from rows")
            .why_not()
            .find("column name is there twice") != std::string::npos
    );
    CHECK(Fixture("brunch", kBranch).why_not().find("no kind \"brunch\"") != std::string::npos);
    Fixture without_key("branch", kBranch);
    without_key.stream.key_column = "nothing";
    CHECK(without_key.why_not().find("column nothing is not declared") != std::string::npos);
}

TEST_CASE("a map is one select without clauses that drop, merge or repeat rows") {
    const std::string select = "select id as source_id, a as name from rows";
    for (const char* clause :
         {" where n = 1", " group by id", " order by id", " limit 1", " union all select 2, 'x'"}) {
        CAPTURE(clause);
        CHECK(
            Fixture("branch", select + clause).why_not().find("has no place in a map") !=
            std::string::npos
        );
    }
    CHECK(
        Fixture("branch", select + "; select 1").why_not().find("a second statement") !=
        std::string::npos
    );
    CHECK(
        Fixture("branch", "delete from rows").why_not().find("must be one select") !=
        std::string::npos
    );
    CHECK(Fixture("branch", "").why_not().find("is empty") != std::string::npos);
    CHECK(
        Fixture("branch", "select 1 as source_id, 'x' as name")
            .why_not()
            .find("does not select from rows") != std::string::npos
    );
    CHECK(Fixture("branch", select + "; -- a remark\n").why_not() == "prepared");
    CHECK(
        Fixture(
            "branch",
            "with p as (select id, a from rows where n = 1) select id as source_id, a as name from "
            "p"
        )
            .why_not() == "prepared"
    );
}

TEST_CASE("the authorizer lets nothing happen but a select over the row with the functions listed"
) {
    const auto with = [](const std::string& expression) {
        return Fixture("branch", "select id as source_id, " + expression + " as name from rows")
            .why_not();
    };
    for (const char* expression :
         {"load_extension('x')", "json_extract(a, '$.x')", "json(a)", "a -> 'x'", "upper(a)",
          "random()", "count(*)", "sum(n)", "date('now')", "round(x)", "printf('%f', x)",
          "quote(a)", "hex(a)", "group_concat(a)", "sqlite_version()", "max(n)"}) {
        CAPTURE(expression);
        CHECK(with(expression).find("is not for maps") != std::string::npos);
    }
    CHECK(with("(select sql from sqlite_schema)") != "prepared");
    CHECK(with("(select name from pragma_database_list)") != "prepared");
    CHECK(with("(select value from json_tree(a))") != "prepared");
    CHECK(
        with("(with recursive n(i) as (select 1 union all select i + 1 from n) select i from n)")
            .find("only a select") != std::string::npos
    );
    CHECK(Fixture("branch", "attach 'x' as y").why_not() != "prepared");
    CHECK(Fixture("branch", "pragma journal_mode").why_not() != "prepared");
    CHECK(with("coalesce(nullif(trim(a), ''), substr(b, 1, 2) || 'x')") == "prepared");
    CHECK(with("case when fold(a) like 'x%' then 'y' end") == "prepared");
}

TEST_CASE("lists of codes and site values are checked before any row") {
    CHECK(
        Fixture("branch", "select id as source_id,\ncode('color', a) as name from rows")
            .why_not() == "branch.sql: line 2: code('color', …): codes.csv has no list of that name"
    );
    CHECK(
        Fixture("branch", "select id as source_id, site('nope') as name from rows")
            .why_not()
            .find("site('nope')") != std::string::npos
    );
}

TEST_CASE(
    "a bad value quarantines its row with column and reason, and keeps the raw row; nothing passes "
    "as absent"
) {
    const auto mapped =
        Fixture(
            "patient",
            "select id as source_id, iso_date(a) as birth_date, phone(b) as email from rows"
        )
            .map({"7", "yesterday", "12"});
    CHECK(mapped.records.empty());
    REQUIRE(mapped.issues.size() == 2);
    CHECK(mapped.issues[0].reason == "column birth_date: iso_date: not a date");
    CHECK(mapped.issues[1].reason.starts_with("column email: phone: not a phone number"));
    CHECK(mapped.issues[0].row_key == "7");
    CHECK(mapped.issues[0].stream == "patient");
    CHECK(
        mapped.issues[0].raw_row ==
        R"({"id":"7","a":"yesterday","b":"12","c":null,"d":null,"n":null,"x":null})"
    );
}

TEST_CASE("an issue counts also where the bad value reaches no column directly") {
    const auto mapped =
        Fixture(
            "branch", "select id as source_id, a || coalesce(iso_date(b), '') as name from rows"
        )
            .map({"7", "A", "soon"});
    REQUIRE(mapped.issues.size() == 1);
    CHECK(mapped.issues[0].reason == "iso_date: not a date");
}

TEST_CASE("a required field that is NULL or blank, a value of the wrong form") {
    const Fixture branch("branch", kBranch);
    CHECK(branch.map({"7"}).issues.at(0).reason == "column name: required, and NULL");
    CHECK(branch.map({"7", "  "}).issues.at(0).reason == "column name: required, and blank");
    CHECK(branch.map({"7", "A", "Moscow"})
              .issues.at(0)
              .reason.starts_with("column timezone: not an IANA"));
    const Fixture raw_sum(
        "service", "select id as source_id, a as code, b as name, c as price from rows"
    );
    CHECK(
        raw_sum.map({"7", "c", "n", "4500"}).issues.at(0).reason ==
        "column price: not a sum with currency; money() makes one"
    );
    CHECK(
        Fixture("branch", "select id as source_id, n as name from rows")
            .map({"7", "", "", "", "", "many"})
            .issues.at(0)
            .reason == "column name: column n of the row: declared as a whole number, and is none"
    );
}

TEST_CASE("a row without a readable key is an issue without key") {
    const auto mapped = Fixture("branch", kBranch).map({std::nullopt, "A"});
    CHECK(mapped.row_key.empty());
    CHECK(mapped.issues.at(0).reason == "the key id is missing");
}

TEST_CASE("what the reader could not decode is an issue, and the map does not run on it") {
    const Fixture fixture("branch", kBranch);
    auto mapper = fixture.create().value();
    source::RowBatch batch(7);
    for (int column = 0; column < 7; ++column) column == 0 ? batch.add("7") : batch.add_null();
    for (int column = 0; column < 7; ++column) {
        if (column == 6) batch.add_issue("column A: a byte that WIN1251 does not have");
        column == 0 ? batch.add("8") : batch.add("A");
    }
    const auto mapped = mapper->map(batch, 1);
    CHECK(mapped.row_key == "8");
    CHECK(mapped.issues.at(0).reason == "column A: a byte that WIN1251 does not have");
    CHECK(mapper->map(batch, 0).issues.at(0).reason == "column name: required, and NULL");
}

TEST_CASE("skip_reason leaves a row out on purpose, whatever else is wrong with it") {
    const Fixture fixture(
        "branch",
        "select id as source_id, a as name, iso_date(b) as timezone, case when n = 0 then 'closed "
        "branch' end as skip_reason from rows"
    );
    const auto skipped = fixture.map({"7", std::nullopt, "soon", "", "", "0"});
    CHECK(skipped.skip_reason == "closed branch");
    CHECK(skipped.records.empty());
    CHECK(skipped.issues.empty());
    CHECK(fixture.map({"7", "A", std::nullopt, "", "", "1"}).records.size() == 1);
}

TEST_CASE("a fan-out declares its parent; without, several rows for one are an issue") {
    Fixture fixture(
        "plan_item",
        R"(select id || '-' || line.position as source_id, id as plan_source_id, json_get(line.value, 'code') as service_code,
        case when json_get(line.value, 'code') is null then 'empty line' end as skip_reason
        from rows join json_each(rows.a, 'lines') as line)"
    );
    const char* two = R"({"lines":[{"code":"x"},{"code":"y"},{}]})";
    CHECK(
        fixture.map({"7", two}).issues.at(0).reason.find("several rows for one") !=
        std::string::npos
    );
    fixture.stream.parent = "id";
    const auto mapped = fixture.map({"7", two});
    REQUIRE(mapped.records.size() == 2);
    CHECK(mapped.records[1].source_id == "7-2");
    CHECK(mapped.records[1].parent_key == "7");
    CHECK(mapped.skip_reason.empty());
    CHECK(fixture.map({"7", R"({"lines":[]})"}).records.empty());
    CHECK(fixture.map({"7", R"({"lines":[]})"}).issues.empty());
    CHECK(
        fixture.map({"7", R"({"lines":{}})"}).issues.at(0).reason ==
        "json_each: no list at the path"
    );
    CHECK(fixture.map({"7", "no json"}).issues.at(0).reason == "json_each: not JSON");
}

TEST_CASE("xml_each fans out over matches") {
    Fixture fixture(
        "plan_item",
        R"(select id || '-' || line.position as source_id, id as plan_source_id, xml_get(line.value, 'L/@c') as service_code
        from rows join xml_each(rows.a, 'P/L') as line)"
    );
    fixture.stream.parent = "id";
    const auto mapped = fixture.map({"7", "<P><L c='x'/><L c='y'/></P>"});
    REQUIRE(mapped.records.size() == 2);
    CHECK(
        mapped.records[1].body == R"({"plan_source_id":"7","service_code":"y","source_id":"7-2"})"
    );
}

TEST_CASE("a map that runs away is stopped, and its row set aside") {
    Fixture fixture(
        "plan_item",
        R"(select id as source_id, id as plan_source_id, a.value as service_code from rows, json_each(rows.a) a, json_each(rows.a) b,
        json_each(rows.a) c, json_each(rows.a) d)"
    );
    fixture.stream.parent = "id";
    std::string list = "[1";
    for (int i = 0; i < 200; ++i) list += ",1";
    const auto mapped = fixture.map({"7", (list + "]").c_str()});
    CHECK(mapped.records.empty());
    CHECK(mapped.issues.size() == 1);
}

TEST_CASE("in a map of steps only what the outer select names can be an issue or a note") {
    const Fixture fixture(
        "practitioner",
        "with read as (select *, money(a) as sum, money(b) as unnamed from rows) "
        "select id as source_id, coalesce(c, 'N') as name, "
        "case when c is null then sum else sum || sum end as specialty from read"
    );
    const auto other_bad = fixture.map({"1", "10.00", "nonsense"});
    CHECK(other_bad.issues.empty());
    REQUIRE(other_bad.records.size() == 1);
    CHECK(other_bad.records[0].body.find("1000}") != std::string::npos);
    CHECK(other_bad.records[0].body.find("notes") == std::string::npos);
    const auto other_rounded = fixture.map({"1", "10.00", "10.005"});
    REQUIRE(other_rounded.records.size() == 1);
    CHECK(other_rounded.records[0].body == other_bad.records[0].body);
    const auto bad = fixture.map({"1", "nonsense", "10.00", "C"});
    REQUIRE(bad.issues.size() == 1);
    CHECK(bad.issues[0].reason == "money: not a sum of money");
    const auto rounded = fixture.map({"1", "10.005", "10.00", "C"});
    REQUIRE(rounded.records.size() == 1);
    CHECK(
        rounded.records[0].body.find(R"("notes":["rounded to two decimals"])") != std::string::npos
    );
}

TEST_CASE("the statement is prepared once, however many rows: the cost of a row is its own") {
    const Fixture fixture("branch", kBranch);
    auto mapper = fixture.create().value();
    source::RowBatch batch(7);
    for (int row = 0; row < 1000; ++row)
        for (int column = 0; column < 7; ++column) column == 2 ? batch.add_null() : batch.add("7");
    for (std::size_t row = 0; row < 1000; ++row) CHECK(mapper->map(batch, row).records.size() == 1);
    CHECK(mapper->work().prepares == 1);
    CHECK(mapper->work().rows == 1000);
}

TEST_CASE("I6: notes of a row do not stay for the next one") {
    const Fixture fixture(
        "service",
        "select id as source_id, a as code, b as name, money(c) as price, d as notes from rows"
    );
    auto mapper = fixture.create().value();
    source::RowBatch batch(7);
    const auto add = [&](const char* price, const char* note) {
        for (const char* cell : {"1", "c", "n", price}) batch.add(cell);
        if (note)
            batch.add(note);
        else
            batch.add_null();
        batch.add_null();
        batch.add_null();
    };
    add("1.005", "of its own");
    add("1.00", nullptr);
    CHECK(
        mapper->map(batch, 0).records.at(0).body.find(
            R"("notes":["of its own","price: rounded to two decimals"])"
        ) != std::string::npos
    );
    CHECK(mapper->map(batch, 1).records.at(0).body.find("notes") == std::string::npos);
}
