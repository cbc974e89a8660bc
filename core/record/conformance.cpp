#include "record/conformance.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "config/yaml.hpp"
#include "platform/file.hpp"
#include "record/case_check.hpp"
#include "record/fetch_lint.hpp"
#include "record/folder_check.hpp"
#include "record/schema.hpp"
#include "record/sql_tokens.hpp"

namespace mis::record {

namespace fs = std::filesystem;

namespace {

constexpr const char* kDeclarationFile = "connector.yaml";

class Examination {
  public:
    Examination(const fs::path& folder, const ConformanceOptions& options)
        : folder_(folder), options_(options), findings_(folder) {
        report_.connector =
            (folder.has_filename() ? folder : folder.parent_path()).filename().string();
    }

    ConformanceReport run() {
        check_texts(folder_, findings_);
        examine_all();
        report_.findings = findings_.take();
        return std::move(report_);
    }

  private:
    void examine_all() {
        const auto connector = source::load_connector(folder_);
        if (!connector)
            return findings_.add(
                kDeclarationFile, connector.error().text,
                "mend it; connectors/README.md explains every key and placeholder"
            );
        if (auto document = config::load_yaml(folder_ / kDeclarationFile))
            declaration_.emplace(std::move(*document));
        report_.streams = static_cast<int>(connector->streams.size());
        check_folder(*connector, findings_);
        const auto context = case_context(*connector, folder_ / "cases");
        if (!context)
            findings_.add(
                "cases/context.json", context.error().text,
                "connectors/README.md, \"Cases\", shows its keys"
            );
        for (const auto& stream : connector->streams)
            examine(*connector, stream, context ? &*context : nullptr);
    }

    // A finding about a key of a stream: "kind", "columns/id".
    void find_declared(
        const source::StreamDeclaration& stream, const std::string& key, std::string what,
        std::string remedy
    ) {
        const int line =
            declaration_ ? declaration_->line_of("/streams/" + stream.name + "/" + key) : 0;
        findings_.add(kDeclarationFile, line, std::move(what), std::move(remedy));
    }

    // Without a context its cases cannot run.
    void examine(
        const source::Connector& connector, const source::StreamDeclaration& stream,
        const MapContext* context
    ) {
        const Kind* kind = find_kind(stream.kind);
        if (kind == nullptr)
            find_declared(
                stream, "kind",
                "stream " + stream.name + " yields kind '" + stream.kind + "', which there is not",
                "write kind: and one of " + kind_names()
            );
        const bool prepared =
            kind != nullptr && context != nullptr && prepares(connector, stream, *context);
        examine_fetches(connector, stream);
        std::set<std::string> seen;
        const bool complete = examine_cases(connector, stream, prepared, seen);
        if (prepared) check_absent(stream, seen, complete);
    }

    // "…: column rom: no field of kind appointment": where the map makes it.
    static int line_of_named_column(
        const source::StreamDeclaration& stream, std::string_view text
    ) {
        constexpr std::string_view kColumn = ": column ";
        const auto at = text.find(kColumn);
        if (at == std::string_view::npos) return 0;
        const auto name = text.substr(at + kColumn.size());
        return line_of_column(stream.map_sql, name.substr(0, name.find_first_of(": ")));
    }

    bool prepares(
        const source::Connector& connector, const source::StreamDeclaration& stream,
        const MapContext& context
    ) {
        const auto mapper = Mapper::create(connector, stream, context);
        if (!mapper)
            findings_.add(
                stream.name + ".sql", line_of_named_column(stream, mapper.error().text),
                mapper.error().text, "mend the map; connectors/README.md lists fields and functions"
            );
        return mapper.has_value();
    }

    void examine_fetches(
        const source::Connector& connector, const source::StreamDeclaration& stream
    ) {
        if (stream.fetch_file.empty()) return;  // what is no base has none
        const std::string file = stream.name + ".fetch.sql";
        for (auto& remark : lint_fetch(stream)) {
            if (remark.declaration.empty())
                findings_.add(file, remark.line, std::move(remark.what), std::move(remark.remedy));
            else
                find_declared(
                    stream, remark.declaration, std::move(remark.what), std::move(remark.remedy)
                );
        }
        const auto variants = source::all_fetch_variants(stream, connector.site_defaults);
        if (!variants)
            return findings_.add(
                file, variants.error().text, "mend the placeholder; connectors/README.md lists them"
            );
        for (const auto& variant : *variants) {
            ++report_.fetches;
            if (!options_.prepare_fetch || variant.sql.empty()) continue;
            if (const auto prepared = options_.prepare_fetch(stream, variant); !prepared)
                findings_.add(
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
            findings_.add(
                "cases/" + stream.name, "stream " + stream.name + " has no cases",
                "add cases/" + stream.name +
                    "/<what happens>/rows.jsonl and expected.records.jsonl with invented data"
            );
            return false;
        }
        if (!prepared) return false;
        bool complete = true;
        CaseCheck check(connector, options_, findings_, report_);
        for (const fs::path& folder : folders) {
            const auto fields = check.run(stream, folder);
            complete = complete && fields.has_value();
            if (fields) seen.insert(fields->begin(), fields->end());
        }
        return complete;
    }

    void check_absent(
        const source::StreamDeclaration& stream, const std::set<std::string>& seen, bool complete
    ) {
        const Kind& kind = *find_kind(stream.kind);
        for (const auto& [name, reason] : stream.absent) {
            if (!kind.find(name))
                find_declared(
                    stream, "absent/" + name,
                    "stream " + stream.name + ", absent: " + name + " is no field of kind " +
                        kind.name,
                    "take it out"
                );
            else if (seen.contains(name))
                find_declared(
                    stream, "absent/" + name,
                    "stream " + stream.name + ", absent: " + name + " has a value in a case",
                    "take it out: it is not absent"
                );
            else if (trim(reason).empty())
                find_declared(
                    stream, "absent/" + name,
                    "stream " + stream.name + ", absent: " + name + " has no reason",
                    "say why this MIS has none"
                );
        }
        if (!complete) return;
        for (const Field& field : kind.fields) {
            if (field.name == "notes" || seen.contains(field.name) ||
                stream.absent.contains(field.name))
                continue;
            find_declared(
                stream, "absent",
                "stream " + stream.name + ": " + field.name + " has a value in no case",
                "add a case that shows it, or list it under absent: with the reason"
            );
        }
    }

    const fs::path folder_;
    const ConformanceOptions& options_;
    Findings findings_;
    ConformanceReport report_;
    std::optional<config::YamlDocument> declaration_;
};

}  // namespace

ConformanceReport test_connector(const fs::path& folder, const ConformanceOptions& options) {
    if (fs::is_directory(folder)) return Examination(folder, options).run();
    ConformanceReport report;
    report.connector = folder.filename().string();
    report.findings.push_back({folder.string(), 0, "no such folder", "name a connector's folder"});
    return report;
}

}  // namespace mis::record
