#include "gateway/scenario/case_events.hpp"

#include <map>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gateway/scenario/scenario.hpp"

namespace mis::gateway {
namespace {

constexpr const char* kClinic = "case";

bool is_public_id(std::string_view text) {
    return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string without(std::string_view text, std::string_view prefix, std::string_view suffix) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
    return std::string(text);
}

// The case's step `index` as a step of a scenario; the scene is step 0.
class CaseScenario {
  public:
    explicit CaseScenario(const record::CaseRun& run) : run_(run) {}

    Result<Json> document() const {
        const auto& scene = run_.scene;
        const std::string context = scene.file.empty() ? "context.json" : scene.file.string();
        if (scene.at.empty())
            return fail(
                ErrorKind::malformed,
                context +
                    ": \"scene\": {\"at\": \"2026-03-02T19:00:00+03:00\"} is missing: when "
                    "the rows are read"
            );
        if (scene.at.size() != 1 && scene.at.size() != run_.steps.size())
            return fail(
                ErrorKind::malformed, context + ": scene.at lists " +
                                          std::to_string(scene.at.size()) + " times for " +
                                          std::to_string(run_.steps.size()) + " steps"
            );
        Json steps = Json::array(
            {{{"at", scene.at.front()}, {"upsert", scene.upsert}, {"inbox", scene.inbox}}}
        );
        for (std::size_t i = 0; i < run_.steps.size(); ++i) {
            Json records = Json::array();
            for (const auto& record : run_.steps[i].records)
                records.push_back(parse_json(record.body).value());
            steps.push_back(
                {{"at", scene.at[scene.at.size() == 1 ? 0 : i]},
                 {"upsert", {{run_.kind, std::move(records)}}},
                 {"remove", {{run_.kind, run_.steps[i].gone}}}}
            );
        }
        return Json{
            {"clinic", {{"id", kClinic}, {"timezone", run_.context.clinic_zone.name()}}},
            {"export", "all"},
            {"steps", std::move(steps)}};
    }

  private:
    const record::CaseRun& run_;
};

// Public id → source id, of every record that the case names.
class Names {
  public:
    explicit Names(const record::CaseRun& run) : identity_(scenario_identity(kClinic)) {
        for (const auto& step : run.steps)
            for (const auto& record : step.records) add_record(run.kind, record.body);
        for (const auto& [kind, list] : run.scene.upsert.items())
            for (const Json& record : list) add_record(kind, record.dump());
    }

    // The same value with source ids; a member that is an id nobody knows goes.
    Json readable(const Json& value) const {
        if (value.is_string()) return readable_text(value.get_ref<const std::string&>());
        if (value.is_array()) {
            Json list = Json::array();
            for (const Json& item : value) list.push_back(readable(item));
            return list;
        }
        if (!value.is_object()) return value;
        Json object = Json::object();
        for (const auto& [name, member] : value.items()) {
            const bool stranger = member.is_string() &&
                                  is_public_id(member.get_ref<const std::string&>()) &&
                                  !names_.contains(member.get_ref<const std::string&>());
            if (!stranger) object[name] = readable(member);
        }
        return object;
    }

    std::string readable_text(const std::string& text) const {
        std::string out;
        for (const std::string_view part : split(text, '/')) {
            const auto known = names_.find(part);
            out += known == names_.end() ? part : std::string_view(known->second);
            out += '/';
        }
        out.pop_back();
        return out;
    }

  private:
    // The record itself, and those it refers to.
    void add_record(const std::string& kind, const std::string& body) {
        const auto record = parse_json(body);
        if (!record || !record->is_object()) return;
        for (const auto& [field, value] : record->items()) {
            if (!value.is_string()) continue;
            if (field == "source_id")
                add(kind, value.get<std::string>());
            else if (field.ends_with("_source_id"))
                add(without(field, "", "_source_id"), value.get<std::string>());
        }
    }
    void add(const std::string& kind, const std::string& source_id) {
        names_.emplace(identity_.public_id(kScenarioSource, kind, source_id), source_id);
    }

    Identity identity_;
    std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace

Result<record::CaseLines> case_events(
    const source::Connector& connector, const record::CaseRun& run
) {
    const auto scenario = CaseScenario(run).document();
    if (!scenario) return fail(scenario.error());
    const auto document = config::parse_yaml(scenario->dump(), "scene");
    if (!document) return fail(document.error());
    const Names names(run);
    record::CaseLines lines;
    std::string remarks;
    std::size_t step = 0;
    const auto take = [&](std::string_view text) {
        if (step == 0) return;
        const Json event = parse_json(text).value();
        Json line{
            {"type", without(event["type"].get<std::string>(), "mis.", ".v1")},
            {"subject", names.readable_text(event["subject"].get<std::string>())},
            {"data", names.readable(event["data"])}};
        if (run.numbered) line["step"] = step;
        lines.push_back(canonical_json(line));
    };
    const ScenarioOutput output{
        take,
        [&](std::string_view remark) {
            remarks += (remarks.empty() ? "" : "; ") + std::string(remark);
        },
        [&](std::size_t begun, const Timestamp&) { step = begun; }};
    ScenarioClinic clinic;
    clinic.branch_zones = run.context.branch_zones;
    if (connector.payers == source::Connector::Payers::unknown)
        clinic.payers = ScenarioClinic::Payers::unknown;
    if (connector.no_show != "end_of_day") clinic.no_show = ScenarioClinic::NoShow::mis;
    if (auto played = play_scenario(*document, output, clinic); !played)
        return fail(played.error());
    if (!remarks.empty()) return fail(ErrorKind::malformed, remarks);
    return lines;
}

}  // namespace mis::gateway
