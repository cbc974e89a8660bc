// One case of a connector: its rows through the map, and what came out as lines to compare with the
// expected files.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "record/case_context.hpp"
#include "record/mapper.hpp"

namespace mis::record {

using CaseLines = std::vector<std::string>;

struct CaseStep {                   // one reading of the stream
    std::vector<Record> records;    // all that it yields
    std::vector<std::string> gone;  // source ids that were there and are not
};

struct CaseProblem {  // of the harness's own checks: order, repetition, double ids
    std::string what, remedy;
};

struct CaseRun {
    // File → its lines, for every expected file a case may have; no lines: the file must not exist.
    // expected.records.jsonl (bodies, in row order; of numbered steps: what stands at the end,
    // where the file exists), expected.quarantine.jsonl, expected.skipped.jsonl,
    // expected.changes.jsonl (numbered steps only)
    std::map<std::string, CaseLines> outcome;
    std::set<std::string> fields;  // canonical fields that some record had
    std::vector<CaseProblem> problems;
    int rows = 0, records = 0;
    std::string kind;             // of its records
    std::vector<CaseStep> steps;  // numbered or the only one
    bool numbered = false;
    MapContext context;
    CaseScene scene;

    explicit CaseRun(MapContext map_context) : context(std::move(map_context)) {}
};

inline constexpr const char* kRecordsFile = "expected.records.jsonl";
inline constexpr const char* kQuarantineFile = "expected.quarantine.jsonl";
inline constexpr const char* kSkippedFile = "expected.skipped.jsonl";
inline constexpr const char* kChangesFile = "expected.changes.jsonl";
inline constexpr const char* kEventsFile = "expected.events.jsonl";  // conformance.hpp, `events_of`

// malformed: the case's own files cannot be read (file and line are named); misconfigured: the map
// does not prepare.
Result<CaseRun> run_case(
    const source::Connector& connector, const source::StreamDeclaration& stream,
    const std::filesystem::path& folder
);

// Lines without the empty ones, each as canonical JSON where it is JSON.
CaseLines canonical_lines(std::string_view text);

}  // namespace mis::record
