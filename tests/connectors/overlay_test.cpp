// The harness on a connector with a site's overlay over it.
#include <doctest/doctest.h>

#include "base/crypto.hpp"
#include "invented_connector.hpp"

using namespace mis;
using namespace mis::record;

namespace {

// Under the connector's own temporary folder, beside it.
struct Laid : Connector {
    Laid() { write("../site/overlay.yaml", "connector: invented\n"); }
    std::filesystem::path overlay() const { return path().parent_path() / "site"; }
    ConformanceReport report(Expectations expectations = Expectations::compare) const {
        ConformanceOptions options;
        options.overlay = overlay();
        options.expectations = expectations;
        return test_connector(path(), options);
    }
    std::string text() const { return to_text(report()); }
    std::string sha_of(const std::string& file) const { return to_hex(sha256(read(file))); }
};

const std::string kOwnMap =
    "select id as source_id, name, code('zone', zone) as timezone, zone as legal_entity, case when "
    "closed = 1 then 'closed' end as skip_reason from rows\n";

}  // namespace

TEST_CASE("overlay: an empty one passes as the connector alone; drafts are nobody's business") {
    Laid laid;
    laid.write("../site/draft/other.fetch.sql", "-- fill me in\n");
    const auto report = laid.report();
    INFO(to_text(report));
    CHECK(report.passed());
    CHECK(report.cases == 1);
}

TEST_CASE("overlay: the shipped cases judge its map, its own cases too, and take their place") {
    Laid laid;
    laid.write("../site/branch.sql", kOwnMap);
    laid.write(
        "../site/overlay.yaml",
        "connector: invented\nshipped: {branch.sql: " + laid.sha_of("branch.sql") +
            "}\nstreams: {branch: {absent: {branch_source_id: one, source_modified_at: none}}}\n"
    );
    says(laid.text(), "expected.records.jsonl:1: record 1: legal_entity");
    const std::string shipped = laid.read("cases/branch/two/expected.records.jsonl");
    CHECK_FALSE(laid.report(Expectations::update).passed());
    CHECK(
        laid.read("cases/branch/two/expected.records.jsonl") == shipped
    );  // nothing is written there
    laid.write(
        "../site/cases/branch/two/rows.jsonl", "{\"id\": 1, \"name\": \"A\", \"zone\": \"M\"}\n"
    );
    laid.report(Expectations::update);
    CHECK(
        laid.read("../site/cases/branch/two/expected.records.jsonl") ==
        "{\"legal_entity\":\"M\",\"name\":\"A\",\"source_id\":\"1\",\"timezone\":\"Europe/"
        "Moscow\"}\n"
    );
    INFO(laid.text());
    CHECK(laid.report().passed());
}

TEST_CASE("overlay: of a stream whose columns it declares only its own cases are run") {
    Laid laid;
    laid.write("../site/branch.fetch.sql", "select B.NUM, B.TITLE from PLACES B where {slice}\n");
    laid.write("../site/branch.sql", "select num as source_id, title as name from rows\n");
    laid.write(
        "../site/overlay.yaml",
        "connector: invented\nshipped: {branch.sql: " + laid.sha_of("branch.sql") +
            ", branch.fetch.sql: " + laid.sha_of("branch.fetch.sql") +
            "}\nstreams:\n  branch:\n    key: B.NUM\n    columns: {num: integer, title: text}\n    "
            "absent: {branch_source_id: one, legal_entity: one, source_modified_at: none, "
            "timezone: "
            "none}\n"
    );
    says(laid.text(), "stream branch has no cases");
    laid.write("../site/cases/branch/one/rows.jsonl", "{\"num\": 1, \"title\": \"A\"}\n");
    laid.report(Expectations::update);
    INFO(laid.text());
    CHECK(laid.report().passed());
}

TEST_CASE("overlay: findings name its files; another version of the shipped file is one") {
    Laid laid;
    laid.write("../site/branch.sql", "select id as source_id, nmae as name from rows\n");
    says(laid.text(), "shipped lacks branch.sql");
    laid.write(
        "../site/overlay.yaml",
        "connector: invented\nshipped: {branch.sql: " + laid.sha_of("branch.sql") + "}\n"
    );
    says(laid.text(), "site/branch.sql:1: no such column: nmae");
    laid.write(
        "../site/overlay.yaml",
        "connector: invented\nshipped: {branch.sql: " + std::string(64, '0') + "}\n"
    );
    says(laid.text(), "replaces branch.sql of another version");
    laid.remove("../site/branch.sql");
    laid.write("../site/overlay.yaml", "connector: invented\n");
    laid.write(
        "../site/codes.csv", "list,mis_code,canonical,comment\nzone,X,Europe/Moscow,\nzon,Y,a,\n"
    );
    says(laid.text(), "site/codes.csv:3: list 'zon' is asked for by no map");
    laid.write("../site/codes.csv", "list,mis_code,canonical,comment\n");
    laid.write("../site/cases/branhc/one/rows.jsonl", "{}\n");
    says(laid.text(), "cases/branhc: belongs to no stream");
    laid.remove("../site/cases");
    laid.append("../site/overlay.yaml", "# fill me in\n");
    says(laid.text(), "overlay.yaml:2: still says \"fill me in\"");
}
