// What `connector test` says of a folder without a base: the fetch's clauses and columns, codes
// that are no canonical values, and which file and line is to blame.
#include <doctest/doctest.h>

#include "invented_connector.hpp"

using namespace mis::record;

namespace {

std::string fetch_finding(const std::string& sql) {
    return Connector().write("branch.fetch.sql", sql).finding();
}

constexpr const char* kColumns = "select B.ID, B.NAME, B.ZONE, B.CLOSED\nfrom BRANCHES B\n";

std::string with_end(const std::string& end) { return kColumns + ("where {slice}\n" + end) + "\n"; }

}  // namespace

TEST_CASE("a fetch has no clause that the engine appends or forbids, each with its line") {
    says(fetch_finding(with_end("order by B.ID")), "branch.fetch.sql:4: `order by` of its own");
    says(fetch_finding(with_end("rows 100")), "branch.fetch.sql:4: `rows` of its own");
    says(fetch_finding(with_end("limit 100")), "branch.fetch.sql:4: `limit` of its own");
    says(fetch_finding(with_end("for update")), "branch.fetch.sql:4: `for update` of its own");
    says(fetch_finding(with_end("or B.CLOSED = 1")), "branch.fetch.sql:4: an `or` beside {slice}");
    says(
        fetch_finding(with_end("union select ID, NAME, ZONE, CLOSED from OLD_BRANCHES")),
        "branch.fetch.sql:4: `union` of its own"
    );
    says(
        fetch_finding(
            "select first 10 B.ID as ID, B.NAME, B.ZONE, B.CLOSED from BRANCHES B where {slice}"
        ),
        "branch.fetch.sql:1: `first` of its own"
    );
    says(fetch_finding(with_end("; delete from BRANCHES")), "a second statement");
    says(
        fetch_finding(
            "select X.ID, X.NAME, X.ZONE, X.CLOSED\nfrom (select * from BRANCHES B where {slice}) X"
        ),
        "branch.fetch.sql:2: {slice} stands inside brackets"
    );
    // what only looks like it is left alone: in brackets, in texts and comments, as a column's name
    for (const char* good :
         {"and (B.CLOSED = 0 or B.NAME is null)", "and B.NAME <> 'order by limit'",
          "-- order by nothing, rows, limit",
          "and B.ID in (select first 1 R.ROWS from R order by R.ID)"})
        says(fetch_finding(with_end(good)), ": passed");
    says(
        fetch_finding("select U.ID, U.NAME, U.ZONE, U.CLOSED from (select * from A union select * "
                      "from B) U where {slice}"),
        ": passed"
    );
}

TEST_CASE("the columns of the fetch are those of the declaration, and the reverse") {
    says(
        fetch_finding(
            "select B.ID, B.NAME, B.ZONE, B.CLOSED,\n    B.TOWN\nfrom BRANCHES B where {slice}"
        ),
        "branch.fetch.sql:2: column town is selected, and not declared"
    );
    says(
        fetch_finding("select B.ID, B.NAME, B.CLOSED from BRANCHES B where {slice}"),
        "connector.yaml:5: stream branch: column zone is declared, and not selected"
    );
    says(
        fetch_finding("select B.ID, trim(B.NAME), B.ZONE, B.CLOSED from BRANCHES B where {slice}"),
        "branch.fetch.sql:1: a column without a name"
    );
    says(
        fetch_finding("select B.ID, B.NAME, {column:B:BRANCHES.ZONE|null}, B.CLOSED from BRANCHES "
                      "B where {slice}"),
        "branch.fetch.sql:1: a column without a name"
    );
    says(fetch_finding("select B.* from BRANCHES B where {slice}"), "`*`: which columns come");
    says(
        fetch_finding("select B.ID, B.NAME, B.NAME, B.ZONE, B.CLOSED from BRANCHES B where {slice}"
        ),
        "column name is selected twice"
    );
    says(
        fetch_finding(
            "select B.ID, coalesce(B.NAME, '-') NAME, case when 1 = 1 then B.ZONE end as \"ZONE\", "
            "B.A || B.B CLOSED from BRANCHES B where {slice}"
        ),
        ": passed"
    );
}

TEST_CASE("values of codes.csv are those of the field that they fill") {
    says(
        Connector().append("codes.csv", "zone,T,Asia/Tomsk,\nzone,N,Nowhere,\n").finding(),
        "codes.csv:5: 'Nowhere' (code 'N' of list 'zone') is no timezone of branch"
    );
    says(Connector().append("codes.csv", "zone,N,-,\n").finding(), ": passed");
    Connector compared;  // a list that is only compared with may hold anything
    compared.append("codes.csv", "word,x,anything,\n")
        .write(
            "branch.sql",
            "select id as source_id, name, code('zone', zone) as timezone, case when "
            "code('word', name) = 'anything' or closed = 1 then 'closed' end as skip_reason from "
            "rows\n"
        );
    CHECK(compared.finding().find("anything") == std::string::npos);
}

TEST_CASE("what is wrong is blamed on its own file and line") {
    says(
        Connector().write("codes.csv", "list,mis_code,canonical,comment\nzone,M\n").finding(),
        "codes.csv:2: a row has the four fields"
    );
    Connector kind;
    kind.write(
        "connector.yaml",
        kind.read("connector.yaml")
            .insert(kind.read("connector.yaml").find("    key:"), "    kind: brunch\n")
    );
    says(kind.finding(), "connector.yaml:4: stream branch yields kind 'brunch'");
    Connector type;
    type.write(
        "connector.yaml",
        type.read("connector.yaml")
            .replace(type.read("connector.yaml").find("zone: text"), 10, "zone: word")
    );
    says(type.finding(), "connector.yaml:5: streams.branch.columns.zone has no known type");
    Connector placeholder;
    placeholder.write(
        "branch.fetch.sql",
        "select B.ID, B.NAME,\n    {colum:B.X|null} as ZONE, B.CLOSED from B where {slice}\n"
    );
    says(placeholder.finding(), "branch.fetch.sql:2: placeholder {colum:B.X|null} is unknown");
    says(
        Connector()
            .write("branch.sql", "select id as source_id,\n  nmae as name from rows")
            .finding(),
        "branch.sql:2: no such column: nmae"
    );
    const auto number = test_connector(Connector()
                                           .append(
                                               "cases/branch/two/rows.jsonl",
                                               "{\"id\": 4, \"name\": \"D\", \"closed\": \"x\"}\n"
                                           )
                                           .path());
    says(to_text(number), "expected.quarantine.jsonl:2: expected nothing more");
    says(to_text(number), "or declare the column with the type that the base has");
    const auto map = test_connector(Connector()
                                        .append(
                                            "cases/branch/two/rows.jsonl",
                                            "{\"id\": 4, \"name\": \"D\", \"zone\": \"Q\"}\n"
                                        )
                                        .path());
    says(to_text(map), "add the code to codes.csv");
    const auto blank = test_connector(
        Connector().append("cases/branch/two/rows.jsonl", "{\"id\": 4, \"name\": \"\"}\n").path()
    );
    says(to_text(blank), "name is made in branch.sql:1");
}

TEST_CASE("one cause, one finding") {
    says(
        Connector().append("codes.csv", "zone,\xcc,Europe/Moscow,\n").finding(),
        "codes.csv:4: is not UTF-8"
    );
    const auto context =
        test_connector(Connector().write("cases/context.json", "{\"tz\": 1}").path());
    REQUIRE(context.findings.size() == 1);
    says(to_text(context), "cases/context.json: tz is none of timezone");
    // what fell into quarantine is missing among the records too
    says(
        Connector()
            .write("codes.csv", "list,mis_code,canonical,comment\nzone,N,Europe/Moscow,\n")
            .remove("cases/branch/two/expected.quarantine.jsonl")
            .finding(),
        "expected.quarantine.jsonl:1: expected nothing more, got"
    );
    says(
        Connector()
            .write(
                "branch.sql",
                "select id as source_id, name,\n  code('zone', zone) as timezon from rows"
            )
            .finding(),
        "branch.sql:2: column timezon: no field of kind branch"
    );
}
