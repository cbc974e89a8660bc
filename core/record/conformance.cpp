#include "record/conformance.hpp"

#include <algorithm>
#include <map>
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
        if (!options_.overlay.empty() && fs::is_directory(options_.overlay))
            check_overlay_texts(options_.overlay, findings_);
        examine_all();
        report_.findings = findings_.take();
        return std::move(report_);
    }

  private:
    void examine_all() {
        const auto connector = source::load_connector(folder_, options_.overlay);
        if (!connector)
            return findings_.add(
                kDeclarationFile, connector.error().text,
                "mend it; connectors/README.md explains every key and placeholder"
            );
        if (auto document = config::load_yaml(folder_ / kDeclarationFile))
            declaration_.emplace(std::move(*document));
        if (!options_.overlay.empty())
            if (auto document = config::load_yaml(options_.overlay / "overlay.yaml"))
                overlay_declaration_.emplace(std::move(*document));
        for (const auto& [stream, why] : connector->overlay.stopped)
            findings_.add(
                overlay_file(), "stream " + stream + ": " + why,
                "until then the stream stands still"
            );
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
        const std::string pointer = "/streams/" + stream.name + "/" + key;
        const bool is_own = stream.own.declaration && overlay_declaration_;
        const auto& document = is_own ? overlay_declaration_ : declaration_;
        findings_.add(
            is_own ? overlay_file() : kDeclarationFile, document ? document->line_of(pointer) : 0,
            std::move(what), std::move(remedy)
        );
    }

    std::string overlay_file() const { return (options_.overlay / "overlay.yaml").string(); }
    std::string fetch_name(const source::StreamDeclaration& stream) const {
        return stream.own.fetch ? stream.fetch_file.string() : stream.name + ".fetch.sql";
    }
    std::string map_name(const source::StreamDeclaration& stream) const {
        return stream.own.map ? stream.map_file.string() : stream.name + ".sql";
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
        examine_fetches(connector, stream, stream);
        if (stream.deletes) examine_fetches(connector, *stream.deletes, stream);
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
                map_name(stream), line_of_named_column(stream, mapper.error().text),
                mapper.error().text, "mend the map; connectors/README.md lists fields and functions"
            );
        return mapper.has_value();
    }

    // `stream`: its own fetch, or that of its `deletes`, declared at `declared`.
    void examine_fetches(
        const source::Connector& connector, const source::StreamDeclaration& stream,
        const source::StreamDeclaration& declared
    ) {
        if (stream.fetch_file.empty()) return;  // what is no base has none
        const std::string file = &stream == &declared ? fetch_name(stream)
                                 : stream.fetch_file.parent_path() == connector.folder
                                     ? stream.fetch_file.filename().string()
                                     : stream.fetch_file.string();
        for (auto& remark : lint_fetch(stream)) {
            if (remark.declaration.empty())
                findings_.add(file, remark.line, std::move(remark.what), std::move(remark.remedy));
            else
                find_declared(
                    declared, remark.declaration, std::move(remark.what), std::move(remark.remedy)
                );
        }
        auto site = connector.overlay.site;
        site.insert(connector.site_defaults.begin(), connector.site_defaults.end());
        const auto variants = source::all_fetch_variants(stream, site);
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
        const std::vector<fs::path> folders = cases_of(connector, stream);
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

    // By name: those of the overlay in the place of the connector's.
    static std::vector<fs::path> cases_of(
        const source::Connector& connector, const source::StreamDeclaration& stream
    ) {
        std::map<std::string, fs::path> cases;
        for (const auto& [folder, counts] :
             {std::pair(connector.folder, !stream.own.columns),
              std::pair(connector.overlay.folder, !connector.overlay.folder.empty())}) {
            if (!counts || !fs::is_directory(folder / "cases" / stream.name)) continue;
            for (const auto& entry : fs::directory_iterator(folder / "cases" / stream.name))
                if (entry.is_directory()) cases[entry.path().filename().string()] = entry.path();
        }
        std::vector<fs::path> folders;
        for (const auto& [name, folder] : cases) folders.push_back(folder);
        return folders;
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
    std::optional<config::YamlDocument> declaration_, overlay_declaration_;
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
