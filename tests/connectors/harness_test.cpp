// The harness finds what is wrong: a good connector, broken in one place at a time.
#include <doctest/doctest.h>

#include "invented_connector.hpp"

using namespace mis;
using namespace mis::record;

TEST_CASE("a good connector passes, and its counts are told") {
    CHECK(
        Connector().finding() ==
        "invented: 1 stream, 1 case, 3 rows, 1 record, 0 events, 6 fetch texts: passed\n"
    );
}

TEST_CASE("declarations, maps and fetches are checked, with file and column") {
    says(
        Connector().append("connector.yaml", "colour: red\n").finding(),
        "connector.yaml:7: colour is no key here"
    );
    says(
        Connector().write("branch.sql", "select id as source_id, nmae as name from rows").finding(),
        "branch.sql:1: no such column: nmae"
    );
    says(
        Connector()
            .write("branch.sql", "select id as source_id, code('zone', zone) as timezone from rows")
            .finding(),
        "branch.sql: column name is missing"
    );
    says(Connector().write("branch.fetch.sql", "select 1 from BRANCHES").finding(), "{slice}");
    Connector deletes;
    std::string declared = deletes.read("connector.yaml");
    declared.insert(declared.find("key: B.ID"), "deletes: {key: X.REC, column: X.AT}\n    ");
    deletes.write("connector.yaml", declared);
    deletes.write("branch.deletes.sql", "select X.REC as ID from X where {slice} order by 1");
    says(deletes.finding(), "branch.deletes.sql:1: `order by` of its own");
    deletes.write("branch.deletes.sql", "select X.REC as ID, X.AT as WHENCE from X where {slice}");
    says(deletes.finding(), "branch.deletes.sql:1: column whence is selected, and not declared");
    ConformanceOptions base;
    base.prepare_fetch = [](const source::StreamDeclaration&,
                            const source::FetchVariant&) -> Result<void> {
        return fail(ErrorKind::misconfigured, "no such table");
    };
    says(Connector().finding(base), "branch.fetch.sql: does not prepare for");
}

TEST_CASE("every stream has cases, and what comes out must be what is expected") {
    says(Connector().remove("cases/branch").finding(), "cases/branch: stream branch has no cases");
    says(
        Connector()
            .write(
                "cases/branch/two/expected.records.jsonl",
                "{\"name\":\"Z\",\"source_id\":\"1\",\"timezone\":\"Europe/Moscow\"}\n"
            )
            .finding(),
        "expected.records.jsonl:1: record 1: name: expected \"Z\", got \"A\""
    );
    says(
        Connector()
            .append("cases/branch/two/expected.records.jsonl", "{\"name\":\"Z\"}\n")
            .finding(),
        "expected.records.jsonl:2: expected {\"name\":\"Z\"}, got nothing more"
    );
    says(
        Connector().remove("cases/branch/two/expected.quarantine.jsonl").finding(),
        "expected.quarantine.jsonl:1: expected nothing more, got"
    );
    says(
        Connector().append("cases/branch/two/rows.jsonl", "{\"id\": 4, \"nome\": 1}\n").finding(),
        "rows.jsonl:4: column nome is not declared"
    );
    says(
        Connector().append("cases/branch/two/rows.jsonl", "{\"id\": 4, \"name\": 1.5}\n").finding(),
        "rows.jsonl:4: "
    );
    says(
        Connector().write("cases/branch/two/expected.record.jsonl", "{}").finding(),
        "expected.record.jsonl: is no file that a case has"
    );
    says(
        Connector()
            .write("cases/branch/context.json", "{}")
            .write("cases/branch/two/context.json", "{\"timezone\":\"Moscow\"}")
            .finding(),
        "context.json: timezone"
    );
}

TEST_CASE("every field has a value in some case or a reason to be absent; stale waivers fail") {
    Connector no_reason;
    no_reason.write(
        "connector.yaml",
        "title: I\nstreams:\n  branch:\n    key: B.ID\n    columns: {id: integer, name: text, "
        "zone: text, closed: boolean}\n    absent: {branch_source_id: it is one}\n"
    );
    says(no_reason.finding(), "source_modified_at has a value in no case");
    Connector stale;
    stale.write(
        "connector.yaml",
        stale.read("connector.yaml")
            .insert(stale.read("connector.yaml").find("source_modified_at"), "timezone: none, ")
    );
    says(stale.finding(), "absent: timezone has a value in a case");
    Connector unknown;
    unknown.write(
        "connector.yaml",
        unknown.read("connector.yaml")
            .insert(unknown.read("connector.yaml").find("source_modified_at"), "colour: none, ")
    );
    says(unknown.finding(), "absent: colour is no field of kind branch");
}

TEST_CASE("what is left over is found: files, cases, lists of codes, rows of README's table") {
    says(Connector().write("old.sql", "select 1").finding(), "old.sql: belongs to no stream");
    says(
        Connector().write("branch.deletes.sql", "select 1").finding(),
        "branch.deletes.sql: is read by nobody: stream branch as it is declared needs none"
    );
    says(
        Connector().write("branch.fetch.oracle.sql", "select 1").finding(),
        "branch.fetch.oracle.sql: is read by nobody"
    );
    says(
        Connector().write("cases/old/x/rows.jsonl", "").finding(), "cases/old: belongs to no stream"
    );
    says(
        Connector().append("codes.csv", "colour,1,red,\n").finding(),
        "codes.csv:4: list 'colour' is asked for by no map"
    );
    Connector row;
    row.write(
        "README.md",
        row.read("README.md")
            .replace(row.read("README.md").find("## Traps"), 0, "| `shift` | shift | x |\n")
    );
    says(row.finding(), "README.md: the table of streams names `shift`");
    Connector kind;
    kind.write(
        "README.md",
        kind.read("README.md").replace(kind.read("README.md").find("| branch |"), 10, "| shift  |")
    );
    says(kind.finding(), "gives `branch` the kind shift");
    Connector section;
    section.write(
        "README.md",
        section.read("README.md").replace(section.read("README.md").find("## Traps"), 8, "## Other")
    );
    says(section.finding(), "no section \"traps\"");
    says(Connector().remove("README.md").finding(), "README.md: is missing");
    says(
        Connector().append("README.md", "fill me in\n").finding(),
        "README.md:14: still says \"fill me in\""
    );
}

TEST_CASE("ids are unique, and records do not depend on the order of rows") {
    Connector twice;
    twice.append("cases/branch/two/rows.jsonl", "{\"id\": 4, \"name\": \"A\", \"zone\": \"M\"}\n")
        .write(
            "branch.sql",
            "select case when id = 4 then 1 else id end as source_id, name, code('zone', zone) as "
            "timezone, case when closed = 1 then 'closed' end as skip_reason from rows\n"
        );
    says(twice.finding(), "two rows yield the source_id 1");
}

TEST_CASE(
    "numbered steps tell created, updated and removed; a quarantined row stands as it was; an "
    "unreadable key removes nothing"
) {
    Connector steps;
    steps
        .write(
            "cases/branch/steps/1.rows.jsonl",
            "{\"id\": 1, \"name\": \"A\"}\n{\"id\": 2, \"name\": \"B\"}\n{\"id\": 3, \"name\": "
            "\"C\"}\n"
        )
        .write(
            "cases/branch/steps/2.rows.jsonl",
            "{\"id\": 1, \"name\": \"A2\"}\n{\"id\": 2, \"zone\": \"X\"}\n"
        )
        .write("cases/branch/steps/3.rows.jsonl", "{\"name\": \"without key\"}\n");
    ConformanceOptions update;
    update.expectations = Expectations::update;
    const auto written = test_connector(steps.path(), update);
    INFO(to_text(written));
    CHECK(written.written.size() == 2);
    CHECK(
        steps.read("cases/branch/steps/expected.changes.jsonl") ==
        "{\"change\":\"created\",\"kind\":\"branch\",\"source_id\":\"1\",\"step\":1}\n{\"change\":"
        "\"created\",\"kind\":\"branch\",\"source_id\":\"2\",\"step\":1}\n"
        "{\"change\":\"created\",\"kind\":\"branch\",\"source_id\":\"3\",\"step\":1}\n{\"change\":"
        "\"updated\",\"kind\":\"branch\",\"source_id\":\"1\",\"step\":2}\n"
        "{\"change\":\"removed\",\"kind\":\"branch\",\"source_id\":\"3\",\"step\":2}\n"
    );
    CHECK(test_connector(steps.path()).passed());
}

TEST_CASE("findings as JSON Lines") {
    const auto lines = to_json_lines(test_connector(Connector().remove("README.md").path()));
    CHECK(lines.find("\"file\":\"README.md\"") != std::string::npos);
    CHECK(lines.find("\"passed\":false") != std::string::npos);
    CHECK(test_connector("/nowhere/at/all").findings.size() == 1);
}
