// A good connector of one stream, to be broken in one place at a time.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "record/conformance.hpp"
#include "temporary_folder.hpp"

class Connector {
  public:
    Connector() {
        write("connector.yaml", R"(title: Invented
streams:
  branch:
    key: B.ID
    columns: {id: integer, name: text, zone: text, closed: boolean}
    absent: {branch_source_id: it is one, legal_entity: there is one, source_modified_at: no stamp}
)");
        write(
            "branch.fetch.sql",
            "select B.ID, B.NAME, {column:B:BRANCHES.ZONE|null} as ZONE, B.CLOSED from BRANCHES B "
            "where {slice}\n"
        );
        write(
            "branch.sql",
            "select id as source_id, name, code('zone', zone) as timezone, case when closed = 1 "
            "then 'closed' end as skip_reason from rows\n"
        );
        write(
            "codes.csv",
            "list,mis_code,canonical,comment\nzone,M,Europe/Moscow,\nzone,O,Asia/Omsk,\n"
        );
        write(
            "README.md",
            "# x\n## Rights\nselect\n## Versions seen\nnone\n## Streams\n| stream | kind | how "
            "|\n|---|---|---|\n| `branch` | branch | nightly |\n## Traps\nnone\n## "
            "Confidence\nnone\n"
        );
        write(
            "cases/branch/two/rows.jsonl",
            "{\"id\": 1, \"name\": \"A\", \"zone\": \"M\"}\n{\"id\": 2, \"name\": \"B\", \"zone\": "
            "\"X\"}\n{\"id\": 3, \"closed\": true}\n"
        );
        write(
            "cases/branch/two/expected.records.jsonl",
            "{\"name\":\"A\",\"source_id\":\"1\",\"timezone\":\"Europe/Moscow\"}\n"
        );
        write(
            "cases/branch/two/expected.quarantine.jsonl",
            "{\"row_key\":\"2\",\"reason\":\"column timezone: code: list 'zone' does not know 'X'; "
            "add it to codes.csv\"}\n"
        );
        write(
            "cases/branch/two/expected.skipped.jsonl", "{\"row_key\":\"3\",\"reason\":\"closed\"}\n"
        );
    }
    Connector& write(const std::string& file, const std::string& text) {
        std::filesystem::create_directories((path() / file).parent_path());
        std::ofstream(path() / file) << text;
        return *this;
    }
    Connector& append(const std::string& file, const std::string& text) {
        std::ofstream(path() / file, std::ios::app) << text;
        return *this;
    }
    Connector& remove(const std::string& file) {
        std::filesystem::remove_all(path() / file);
        return *this;
    }
    std::filesystem::path path() const { return folder_.path() / "invented"; }
    std::string read(const std::string& file) const {
        std::ifstream in(path() / file);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    // "file:line: what" of the only finding, or all of them.
    std::string finding(const mis::record::ConformanceOptions& options = {}) const {
        const auto report = mis::record::test_connector(path(), options);
        if (report.findings.size() == 1)
            return report.findings[0].place() + ": " + report.findings[0].what;
        return mis::record::to_text(report);
    }

  private:
    TemporaryFolder folder_;
};

inline bool says(const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
    return text.find(part) != std::string::npos;
}
