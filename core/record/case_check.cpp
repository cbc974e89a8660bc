#include "record/case_check.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "record/expected_events.hpp"
#include "record/json_difference.hpp"
#include "record/sql_tokens.hpp"

namespace mis::record {

namespace fs = std::filesystem;

namespace {

struct ExpectedLine {
    int number = 0;  // in the file
    std::string text;
};

std::vector<ExpectedLine> expected_lines(std::string_view text) {
    std::vector<ExpectedLine> lines;
    int number = 0;
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        for (auto& canonical : canonical_lines(line))
            lines.push_back({number, std::move(canonical)});
    }
    return lines;
}

// "record 101", "row 101, step 2": whom a line of an expected file is about.
std::string subject_of(const Json& line) {
    for (const char* key : {"source_id", "row_key"}) {
        const auto id = line.find(key);
        if (id == line.end() || !id->is_string()) continue;
        std::string subject = key == std::string_view("row_key") ? "row " : "record ";
        subject += id->get<std::string>();
        if (line.contains("step")) subject += ", step " + line["step"].dump();
        return subject;
    }
    return "line";
}

std::string difference(const std::string& expected, const std::string& actual) {
    constexpr std::size_t kShownMax = 8;
    const auto left = parse_json(expected), right = parse_json(actual);
    if (!left) return "is no JSON: " + left.error().text;
    const bool same =
        right && left->is_object() && right->is_object() && subject_of(*left) == subject_of(*right);
    if (!same) return "expected " + expected + ", got " + actual;
    const auto fields = json_differences(*left, *right, ExtraFields::reported);
    std::string what = subject_of(*left);
    for (std::size_t i = 0; i < std::min(fields.size(), kShownMax); ++i)
        what += (i == 0 ? ": " : "; ") + fields[i];
    if (fields.size() > kShownMax)
        what += "; and " + std::to_string(fields.size() - kShownMax) + " more";
    return what;
}

// A row that nobody expected in quarantine: who is to blame for it.
std::string quarantine_remedy(const source::StreamDeclaration& stream, const std::string& actual) {
    const auto line = parse_json(actual);
    const std::string reason =
        line && line->is_object() ? line->value("reason", std::string()) : std::string();
    const std::string meant = "; a row that is meant to be unreadable is expected there (--update)";
    if (reason.find(" of the row: declared") != std::string::npos)
        return "give the case's row such a value, or declare the column with the type that the "
               "base has, in connector.yaml" +
               meant;
    if (reason.ends_with("add it to codes.csv"))
        return "add the code to codes.csv, with `-` where it means nothing here" + meant;
    constexpr std::string_view kColumn = "column ";
    if (!reason.starts_with(kColumn)) return "mend the case's row" + meant;
    const std::string field = reason.substr(kColumn.size(), reason.find(':') - kColumn.size());
    const int at = line_of_column(stream.map_sql, field);
    return field + " is made in " + stream.name + ".sql" +
           (at > 0 ? ":" + std::to_string(at) : "") + ": mend it there" + meant;
}

}  // namespace

std::string CaseCheck::name_of(const fs::path& file) const {
    return is_of_overlay(file) ? file.string() : fs::relative(file, connector_.folder).string();
}

bool CaseCheck::is_of_overlay(const fs::path& file) const {
    const auto& overlay = connector_.overlay.folder;
    return !overlay.empty() && file.string().starts_with((overlay / "cases").string());
}

bool CaseCheck::may_write(const fs::path& file) const {
    return options_.expectations == Expectations::update &&
           (connector_.overlay.folder.empty() || is_of_overlay(file));
}

std::optional<std::set<std::string>> CaseCheck::run(
    const source::StreamDeclaration& stream, const fs::path& folder
) {
    ++report_.cases;
    auto run = run_case(connector_, stream, folder);
    if (!run) {
        findings_.add(
            name_of(folder), run.error().text,
            "mend the case's file; connectors/README.md, \"Cases\", says what stands there"
        );
        return std::nullopt;
    }
    report_.rows += run->rows;
    report_.records += run->records;
    for (auto& problem : run->problems)
        findings_.add(name_of(folder), std::move(problem.what), std::move(problem.remedy));
    look_for_strangers(*run, folder);
    // a row that fell into quarantine is missing everywhere else: one cause, one finding
    if (!compare(stream, folder / kQuarantineFile, run->outcome[kQuarantineFile]))
        return std::nullopt;
    for (const auto& [file, lines] : run->outcome)
        if (file != kQuarantineFile) compare(stream, folder / file, lines);
    compare_events(*run, folder / kEventsFile);
    return std::move(run->fields);
}

void CaseCheck::look_for_strangers(const CaseRun& run, const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string file = entry.path().filename().string();
        const bool known = file == "rows.jsonl" || file.ends_with(".rows.jsonl") ||
                           file == "context.json" || file == kEventsFile || file == "README.md" ||
                           run.outcome.contains(file);
        if (!known)
            findings_.add(
                name_of(entry.path()), "is no file that a case has",
                "name it as connectors/README.md, \"Cases\", says, or remove it"
            );
    }
}

void CaseCheck::write(const fs::path& file, const CaseLines& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    if (lines.empty()) {
        fs::remove(file);
    } else {
        platform::write_file_atomically(file, text);
        fs::permissions(
            file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                      fs::perms::others_read
        );
    }
    report_.written.push_back(name_of(file));
}

bool CaseCheck::compare(
    const source::StreamDeclaration& stream, const fs::path& file, const CaseLines& actual
) {
    const bool exists = fs::exists(file);
    const std::string text = exists ? platform::read_file(file) : std::string();
    if (text.find(kFillMeIn) != std::string::npos)
        return true;  // found already, and not to be overwritten
    const auto expected = expected_lines(text);
    std::size_t at = 0;
    while (at < expected.size() && at < actual.size() && expected[at].text == actual[at]) ++at;
    if (at == expected.size() && at == actual.size()) {
        if (exists && actual.empty())
            findings_.add(
                name_of(file), "is empty", "remove it: no file means nothing is expected"
            );
        return true;
    }
    if (may_write(file)) {
        write(file, actual);
        return true;
    }
    const int last = expected.empty() ? 0 : expected.back().number;
    const bool more = at == expected.size();
    std::string what;
    if (more)
        what = "expected nothing more, got " + actual[at];
    else if (at == actual.size())
        what = "expected " + expected[at].text + ", got nothing more";
    else
        what = difference(expected[at].text, actual[at]);
    const bool unreadable = file.filename() == kQuarantineFile && at < actual.size();
    findings_.add(
        name_of(file), more ? last + 1 : expected[at].number, std::move(what),
        unreadable ? quarantine_remedy(stream, actual[at])
                   : "mend the map or the expectation; with --update the harness writes what it "
                     "got, then read the diff"
    );
    return false;
}

void CaseCheck::compare_events(const CaseRun& run, const fs::path& file) {
    if (!options_.events_of || !fs::exists(file)) return;
    const std::string text = platform::read_file(file);
    if (text.find(kFillMeIn) != std::string::npos) return;
    const auto actual = options_.events_of(connector_, run);
    if (!actual)
        return findings_.add(
            name_of(file), actual.error().text,
            "`scene` of context.json says when the rows are read and what stood before; "
            "connectors/README.md, \"Events of a case\", shows it"
        );
    report_.events += static_cast<int>(actual->size());
    auto differences = record::compare_events(text, *actual);
    if (differences.empty() && trim(text).empty())
        differences.push_back({0, "is empty: no events are expected, and none came"});
    if (differences.empty()) return;
    if (may_write(file) && !actual->empty()) return write(file, *actual);
    for (auto& found : differences)
        findings_.add(
            name_of(file), found.line, std::move(found.what),
            "mend the map, the `scene` of context.json or the expectation; with --update the "
            "harness writes all events that came, then take out what the case is not about"
        );
}

}  // namespace mis::record
