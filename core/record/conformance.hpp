// The conformance harness: what every connector folder must prove, the same for all (`mis-gateway
// connector test`, ctest `connectors`).
//
// A finding says which file and line, what is wrong and the remedy. Cases are invented rows, the
// records expected of them and, where the caller can tell what records mean, the events;
// connectors/README.md says how they are written. Pure but for the files: no source is contacted
// unless the caller hands in a way to prepare fetches.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "record/case_run.hpp"
#include "record/finding.hpp"
#include "source/connector.hpp"
#include "source/fetch_variants.hpp"

namespace mis::record {

struct ConformanceReport {
    std::string connector;
    std::vector<Finding> findings;
    std::vector<std::string> written;  // files that `update` wrote
    int streams = 0, cases = 0, rows = 0, records = 0, events = 0;
    int fetches = 0;  // texts rendered, prepared if there is a way

    bool passed() const { return findings.empty(); }
};

enum class Expectations {
    compare,
    update
};  // update: write what came out; a human reads the diff. Never over a file that says "fill me in"

struct ConformanceOptions {
    // A site's overlay over the connector. Its cases are run too; one of the same name as a shipped
    // one takes its place, and of a stream whose columns it declares only its own are run. `update`
    // writes nothing outside of it.
    std::filesystem::path overlay;
    Expectations expectations = Expectations::compare;
    // Prepares one fetch text against a real base; absent: the texts are rendered only.
    std::function<Result<void>(const source::StreamDeclaration&, const source::FetchVariant&)>
        prepare_fetch;
    // What a case's records mean: {"step"?, "type", "subject", "data"} per event, in order. Given
    // by those who may know the domain; absent: expected.events.jsonl is not looked at.
    std::function<Result<CaseLines>(const source::Connector&, const CaseRun&)> events_of;
};

ConformanceReport test_connector(
    const std::filesystem::path& folder, const ConformanceOptions& options = {}
);

// "lotos: 14 streams, 52 cases, 120 rows, 99 records, 4 events: passed", or the findings, one per
// line with its remedy under it.
std::string to_text(const ConformanceReport& report);
// JSON Lines: one object per finding, then one with the counts.
std::string to_json_lines(const ConformanceReport& report);

}  // namespace mis::record
