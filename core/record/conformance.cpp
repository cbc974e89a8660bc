#include "record/conformance.hpp"

#include <algorithm>
#include <optional>

#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "record/case_run.hpp"
#include "record/map_sql.hpp"
#include "record/schema.hpp"

namespace mis::record {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFillMeIn = "fill me in";

class Examination {
  public:
    Examination(const fs::path& folder, const ConformanceOptions& options)
        : folder_(folder), options_(options) {
        report_.connector =
            (folder.has_filename() ? folder : folder.parent_path()).filename().string();
    }

    ConformanceReport run() {
        look_for_unfinished();
        const auto connector = source::load_connector(folder_);
        if (!connector) {
            find(
                "connector.yaml", connector.error().text,
                "mend it; connectors/README.md explains every key"
            );
            return std::move(report_);
        }
        report_.streams = static_cast<int>(connector->streams.size());
        for (const auto& stream : connector->streams) examine(*connector, stream);
        look_for_strangers(*connector);
        check_codes(*connector);
        check_readme(*connector);
        return std::move(report_);
    }

  private:
    void find(std::string file, std::string what, std::string remedy) {
        const std::string prefix = folder_.string() + "/";
        for (std::size_t at = what.find(prefix); at != std::string::npos; at = what.find(prefix))
            what.erase(at, prefix.size());
        report_.findings.push_back({std::move(file), std::move(what), std::move(remedy)});
    }

    void look_for_unfinished() {
        for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
            if (!entry.is_regular_file()) continue;
            if (platform::read_file(entry.path()).find(kFillMeIn) == std::string::npos) continue;
            find(
                fs::relative(entry.path(), folder_).string(), "still says \"fill me in\"",
                "write what this MIS has there; delete the line when done"
            );
        }
    }

    void examine(const source::Connector& connector, const source::StreamDeclaration& stream) {
        const std::string map_file = stream.name + ".sql";
        const auto context = case_context(connector, folder_ / "cases");
        if (!context)
            find(
                "cases/context.json", context.error().text,
                "connectors/README.md, \"Cases\", shows its keys"
            );
        bool prepared = false;
        if (context) {
            const auto mapper = Mapper::create(connector, stream, *context);
            prepared = mapper.has_value();
            if (!mapper)
                find(
                    map_file, mapper.error().text,
                    "mend the map; connectors/README.md lists fields and functions"
                );
        }
        examine_fetches(connector, stream);
        std::set<std::string> seen;
        const bool complete = examine_cases(connector, stream, prepared, seen);
        if (prepared) check_absent(stream, seen, complete);
    }

    void examine_fetches(
        const source::Connector& connector, const source::StreamDeclaration& stream
    ) {
        const std::string file = stream.name + ".fetch.sql";
        const auto variants = source::all_fetch_variants(stream, connector.site_defaults);
        if (!variants)
            return find(
                file, variants.error().text, "mend the placeholder; connectors/README.md lists them"
            );
        for (const auto& variant : *variants) {
            ++report_.fetches;
            if (!options_.prepare_fetch || variant.sql.empty()) continue;
            if (const auto prepared = options_.prepare_fetch(stream, variant); !prepared)
                find(
                    file,
                    "does not prepare for " + source::describe(variant.form) +
                        (variant.choices.empty() ? "" : ", " + variant.choices) + ": " +
                        prepared.error().text,
                    "run the text in a query tool; every combination of present and absent columns "
                    "must be good SQL"
                );
        }
    }

    // True if every case ran, so that what no case showed is really shown by none.
    bool examine_cases(
        const source::Connector& connector, const source::StreamDeclaration& stream, bool prepared,
        std::set<std::string>& seen
    ) {
        const fs::path cases = folder_ / "cases" / stream.name;
        std::vector<fs::path> folders;
        if (fs::is_directory(cases))
            for (const auto& entry : fs::directory_iterator(cases))
                if (entry.is_directory()) folders.push_back(entry.path());
        std::sort(folders.begin(), folders.end());
        if (folders.empty()) {
            find(
                "cases/" + stream.name, "stream " + stream.name + " has no cases",
                "add cases/" + stream.name +
                    "/<what happens>/rows.jsonl and expected.records.jsonl with invented data"
            );
            return false;
        }
        if (!prepared) return false;
        bool complete = true;
        for (const fs::path& folder : folders) {
            ++report_.cases;
            const std::string name = fs::relative(folder, folder_).string();
            const auto run = run_case(connector, stream, folder);
            if (!run) {
                find(name, run.error().text, "mend the case's file");
                complete = false;
                continue;
            }
            report_.rows += run->rows;
            report_.records += run->records;
            seen.insert(run->fields.begin(), run->fields.end());
            for (const std::string& problem : run->problems)
                find(
                    name, problem, "a map may depend on nothing but its row, and ids must be unique"
                );
            for (const auto& [file, lines] : run->outcome) compare(folder, name, file, lines);
            check_files(folder, name, *run);
        }
        return complete;
    }

    void check_files(const fs::path& folder, const std::string& name, const CaseRun& run) {
        for (const auto& entry : fs::directory_iterator(folder)) {
            const std::string file = entry.path().filename().string();
            const bool known = file == "rows.jsonl" || file.ends_with(".rows.jsonl") ||
                               file == "context.json" || file == "expected.events.jsonl" ||
                               file == "README.md" || run.outcome.contains(file);
            if (!known)
                find(
                    name + "/" + file, "is no file that a case has",
                    "name it as connectors/README.md, \"Cases\", says, or remove it"
                );
        }
    }

    void compare(
        const fs::path& folder, const std::string& name, const std::string& file,
        const CaseLines& actual
    ) {
        const fs::path path = folder / file;
        const bool exists = fs::exists(path);
        const std::string text = exists ? platform::read_file(path) : std::string();
        if (text.find(kFillMeIn) != std::string::npos)
            return;  // found already, and not to be overwritten
        const CaseLines expected = canonical_lines(text);
        if (expected == actual && (exists || actual.empty())) {
            if (exists && actual.empty())
                find(name + "/" + file, "is empty", "remove it: no file means nothing is expected");
            return;
        }
        if (options_.expectations == Expectations::update) {
            std::string lines;
            for (const std::string& line : actual) lines += line + "\n";
            if (actual.empty())
                fs::remove(path);
            else {
                platform::write_file_atomically(path, lines);
                fs::permissions(
                    path, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                              fs::perms::others_read
                );
            }
            report_.written.push_back(name + "/" + file);
            return;
        }
        std::size_t at = 0;
        while (at < expected.size() && at < actual.size() && expected[at] == actual[at]) ++at;
        std::string what = "line " + std::to_string(at + 1) + ": expected " +
                           (at < expected.size() ? expected[at] : "nothing more") + ", got " +
                           (at < actual.size() ? actual[at] : "nothing more");
        find(
            name + "/" + file, std::move(what),
            "mend the map or the expectation; with --update the harness writes what it got, then "
            "read the diff"
        );
    }

    void check_absent(
        const source::StreamDeclaration& stream, const std::set<std::string>& seen, bool complete
    ) {
        const Kind& kind = *find_kind(stream.kind);
        for (const auto& [name, reason] : stream.absent) {
            if (!kind.find(name))
                find(
                    "connector.yaml",
                    "stream " + stream.name + ", absent: " + name + " is no field of kind " +
                        kind.name,
                    "take it out"
                );
            else if (seen.contains(name))
                find(
                    "connector.yaml",
                    "stream " + stream.name + ", absent: " + name + " has a value in a case",
                    "take it out: it is not absent"
                );
            else if (trim(reason).empty())
                find(
                    "connector.yaml",
                    "stream " + stream.name + ", absent: " + name + " has no reason",
                    "say why this MIS has none"
                );
        }
        if (!complete) return;
        for (const Field& field : kind.fields) {
            if (field.name == "notes" || seen.contains(field.name) ||
                stream.absent.contains(field.name))
                continue;
            find(
                "connector.yaml",
                "stream " + stream.name + ": " + field.name + " has a value in no case",
                "add a case that shows it, or list it under absent: with the reason"
            );
        }
    }

    void look_for_strangers(const source::Connector& connector) {
        const auto is_stream = [&](const std::string& name) {
            return std::any_of(
                connector.streams.begin(), connector.streams.end(),
                [&](const auto& stream) { return stream.name == name; }
            );
        };
        for (const auto& entry : fs::directory_iterator(folder_)) {
            std::string file = entry.path().filename().string();
            if (!file.ends_with(".sql")) continue;
            const std::string stream = file.substr(0, file.find('.'));
            if (!is_stream(stream))
                find(
                    file, "belongs to no stream of connector.yaml",
                    "declare the stream, or remove the file"
                );
        }
        if (!fs::is_directory(folder_ / "cases")) return;
        for (const auto& entry : fs::directory_iterator(folder_ / "cases")) {
            const std::string name = entry.path().filename().string();
            if (entry.is_directory() && !is_stream(name))
                find(
                    "cases/" + name, "belongs to no stream of connector.yaml", "rename or remove it"
                );
        }
    }

    void check_codes(const source::Connector& connector) {
        for (const auto& entry : connector.codes.lists) {
            const std::string& list = entry.first;
            const bool used = std::any_of(
                connector.streams.begin(), connector.streams.end(),
                [&](const auto& stream) {
                    const auto calls = literal_calls(stream.map_sql, {"code"});
                    return std::any_of(calls.begin(), calls.end(), [&](const auto& call) {
                        return call.literal == list;
                    });
                }
            );
            if (!used)
                find(
                    "codes.csv", "list '" + list + "' is asked for by no map",
                    "use it with code('" + list + "', …), or remove it"
                );
        }
    }

    void check_readme(const source::Connector& connector) {
        if (!fs::exists(folder_ / "README.md"))
            return find(
                "README.md", "is missing",
                "write it; connectors/_template/README.md has the sections"
            );
        std::map<std::string, std::vector<std::string>> sections;  // heading in lower case → lines
        std::string heading;
        const std::string text = platform::read_file(folder_ / "README.md");
        for (const std::string_view line : split(text, '\n')) {
            if (line.starts_with("## "))
                heading = to_lower(trim(line.substr(3)));
            else if (!heading.empty() && !trim(line).empty())
                sections[heading].emplace_back(trim(line));
        }
        const auto section = [&](std::string_view word) -> const std::vector<std::string>* {
            for (const auto& [name, lines] : sections)
                if (name.find(word) != std::string::npos) return &lines;
            return nullptr;
        };
        for (const std::string_view word : {"rights", "versions", "streams", "traps", "confidence"})
            if (!section(word))
                find(
                    "README.md", "has no section \"" + std::string(word) + "\" with content",
                    "add a heading ## with that word; connectors/_template/README.md shows what "
                    "stands there"
                );
        const auto* lines = section("streams");
        if (!lines) return;
        std::map<std::string, std::string> listed;  // `stream` → kind
        for (const std::string& line : *lines) {
            const auto cells = split(line, '|');
            if (cells.size() < 4) continue;
            const std::string_view name = trim(cells[1]);
            if (name.size() > 2 && name.front() == '`' && name.back() == '`')
                listed.emplace(name.substr(1, name.size() - 2), trim(cells[2]));
        }
        for (const auto& stream : connector.streams) {
            const auto row = listed.find(stream.name);
            if (row == listed.end())
                find(
                    "README.md", "the table of streams lacks `" + stream.name + "`",
                    "add a row | `" + stream.name + "` | " + stream.kind + " | … |"
                );
            else if (row->second != stream.kind)
                find(
                    "README.md",
                    "the table of streams gives `" + stream.name + "` the kind " + row->second,
                    "its kind is " + stream.kind
                );
            if (row != listed.end()) listed.erase(row);
        }
        for (const auto& [name, kind] : listed)
            find(
                "README.md",
                "the table of streams names `" + name + "`, which connector.yaml has not",
                "take the row out"
            );
    }

    fs::path folder_;
    const ConformanceOptions& options_;
    ConformanceReport report_;
};

}  // namespace

ConformanceReport test_connector(const fs::path& folder, const ConformanceOptions& options) {
    if (fs::is_directory(folder)) return Examination(folder, options).run();
    ConformanceReport report;
    report.connector = folder.filename().string();
    report.findings.push_back({folder.string(), "no such folder", "name a connector's folder"});
    return report;
}

std::string to_text(const ConformanceReport& report) {
    const auto count = [](int number, const char* what) {
        return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
    };
    std::string text;
    for (const std::string& file : report.written)
        text += report.connector + "/" + file + ": written\n";
    for (const Finding& finding : report.findings)
        text += report.connector + "/" + finding.file + ": " + finding.what +
                "\n    remedy: " + finding.remedy + "\n";
    text +=
        report.connector + ": " + count(report.streams, "stream") + ", " +
        count(report.cases, "case") + ", " + count(report.rows, "row") + ", " +
        count(report.records, "record") + ", " + count(report.fetches, "fetch text") + ": " +
        (report.passed() ? "passed" : count(static_cast<int>(report.findings.size()), "finding")) +
        "\n";
    return text;
}

std::string to_json_lines(const ConformanceReport& report) {
    std::string lines;
    for (const Finding& finding : report.findings)
        lines += canonical_json(Json{
                     {"connector", report.connector},
                     {"file", finding.file},
                     {"what", finding.what},
                     {"remedy", finding.remedy}}) +
                 "\n";
    lines += canonical_json(Json{
                 {"connector", report.connector},
                 {"streams", report.streams},
                 {"cases", report.cases},
                 {"rows", report.rows},
                 {"records", report.records},
                 {"fetches", report.fetches},
                 {"findings", report.findings.size()},
                 {"written", report.written},
                 {"passed", report.passed()}}) +
             "\n";
    return lines;
}

}  // namespace mis::record
