#include "gateway/scenario/scenario.hpp"

#include <array>
#include <set>

#include "config/yaml.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "gateway/scenario/bookkeeper_form.hpp"
#include "platform/file.hpp"
#include "record/mapper.hpp"
#include "record/schema.hpp"
#include "sqlite/migration.hpp"

namespace mis::gateway {
namespace {

using config::pointer_to;
using config::YamlDocument;

constexpr const char* kSource = kScenarioSource;
constexpr const char* kPseudonymKey = "scenario: a fixed key, invented data only";

struct Setting {
    std::string clinic_id;
    Zone zone;
    domain::ExportMode export_mode;
    bool expect_quarantine = false;
    bool payers_unknown = false;                         // L0
    std::map<std::string, std::optional<Date>> sources;  // name → what it counts from (D5)
    std::int64_t first_read_us = 0;  // L0: what the first step brings stood there always
};

// "new/5": the patient's card 5 in source new.
std::optional<RecordKey> card_of(const Json& written) {
    if (!written.is_string()) return std::nullopt;
    const auto& text = written.get_ref<const std::string&>();
    const auto slash = text.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) return std::nullopt;
    return RecordKey{text.substr(0, slash), "patient", text.substr(slash + 1)};
}

// "procedure p1 (total "12x")": the row, and the value that a refusal names. The file's data are
// invented, so they may be shown.
std::string row_left_aside(const std::string& kind, const Json& row, std::string_view refusal) {
    std::string told = kind + " ";
    const auto shown = [](const Json& value) {
        return value.is_string() ? value.get<std::string>() : value.dump();
    };
    told += row.is_object() && row.contains("source_id") ? shown(row["source_id"]) : "without id";
    constexpr std::string_view kField = "field ";
    const auto at = refusal.find(kField);
    if (at == std::string_view::npos || !row.is_object()) return told;
    const auto rest = refusal.substr(at + kField.size());
    const std::string field(rest.substr(0, rest.find(':')));
    if (row.contains(field)) told += " (" + field + " " + row[field].dump() + ")";
    return told;
}

tl::unexpected<Error> wrong(
    const YamlDocument& document, std::string_view pointer, const std::string& what
) {
    return fail(ErrorKind::misconfigured, document.where(pointer) + ": " + what);
}

Result<void> known_keys(
    const YamlDocument& document, std::string_view pointer, const Json& map,
    std::initializer_list<std::string_view> known
) {
    if (!map.is_object()) return wrong(document, pointer, "a map is expected here");
    for (const auto& [key, value] : map.items())
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            std::string names;
            for (const auto name : known) names += (names.empty() ? "" : ", ") + std::string(name);
            return wrong(
                document, pointer_to(pointer, key),
                "unknown key '" + key + "'; known here: " + names
            );
        }
    return {};
}

std::optional<Timestamp> time_of(const Json& step, const Zone& zone) {
    if (!step.is_object()) return std::nullopt;
    const Json written = time_of_bookkeeper(step.value("at", Json()), zone);
    if (!written.is_string()) return std::nullopt;
    return Timestamp::parse_rfc3339(written.get_ref<const std::string&>());
}

Result<std::map<std::string, std::optional<Date>>> read_sources(const YamlDocument& document) {
    std::map<std::string, std::optional<Date>> sources;
    const Json all = document.value().value("sources", Json{{kSource, Json::object()}});
    if (!all.is_object() || all.empty())
        return wrong(document, "/sources", "a map of sources is expected: {old: {}, new: {}}");
    for (const auto& [name, settings] : all.items()) {
        const std::string pointer = pointer_to("/sources", name);
        if (auto ok = known_keys(document, pointer, settings, {"counts_from"}); !ok)
            return fail(ok.error());
        auto& counts_from = sources[name];
        if (!settings.contains("counts_from")) continue;
        const Json& day = settings["counts_from"];
        if (day.is_string()) counts_from = Date::parse_iso(day.get_ref<const std::string&>());
        if (!counts_from)
            return wrong(
                document, pointer_to(pointer, "counts_from"), "a day is expected: 2026-05-01"
            );
    }
    return sources;
}

Result<Setting> read_setting(const YamlDocument& document) {
    const Json& root = document.value();
    if (auto ok = known_keys(
            document, "", root, {"clinic", "export", "expect_quarantine", "mis", "sources", "steps"}
        );
        !ok)
        return fail(ok.error());
    if (!root.contains("clinic")) return wrong(document, "", "clinic: {id, timezone} is missing");
    const Json& clinic = root["clinic"];
    if (auto ok = known_keys(document, "/clinic", clinic, {"id", "timezone"}); !ok)
        return fail(ok.error());
    const auto id = clinic.find("id");
    if (id == clinic.end() || !id->is_string() || id->get_ref<const std::string&>().empty())
        return wrong(document, "/clinic", "clinic.id: a text is expected");
    const std::string zone_name = clinic.value("timezone", std::string("Europe/Moscow"));
    const auto zone = Zone::find(zone_name);
    if (!zone)
        return wrong(
            document, "/clinic/timezone",
            "no IANA time zone '" + zone_name + "'; write one such as Europe/Moscow"
        );
    const Json mode = root.value("export", Json("ordered"));
    if (mode != "all" && mode != "ordered")
        return wrong(document, "/export", "export: all or ordered");
    const Json expects = root.value("expect_quarantine", Json(false));
    if (!expects.is_boolean())
        return wrong(document, "/expect_quarantine", "expect_quarantine: true or false");
    const Json mis = root.value("mis", Json::object());
    if (auto ok = known_keys(document, "/mis", mis, {"payers"}); !ok) return fail(ok.error());
    const Json payers = mis.value("payers", Json("told"));
    if (payers != "told" && payers != "unknown")
        return wrong(document, "/mis/payers", "mis.payers: told or unknown");
    auto sources = read_sources(document);
    if (!sources) return fail(sources.error());
    return Setting{
        id->get<std::string>(),
        *zone,
        mode == "all" ? domain::ExportMode::all : domain::ExportMode::ordered,
        expects.get<bool>(),
        payers == "unknown",
        std::move(*sources),
        0};
}

// One play: the temporary store and its stations.
class Stage {
  public:
    Stage(
        Setting setting, domain::NomenclatureGroups groups, const YamlDocument& document,
        const ScenarioOutput& output, const ScenarioClinic& clinic
    )
        : document_(document),
          output_(output),
          zone_(setting.zone),
          database_(sqlite::Database::open(":memory:")),
          identity_(scenario_identity(setting.clinic_id)),
          groups_(std::move(groups)),
          records_(database_),
          inbox_(database_) {
        sqlite::create_tables(database_);
        MeaningSettings settings{domain::Rules(setting.zone), clinic.branch_zones, 28, 200};
        settings.rules.export_mode = setting.export_mode;
        settings.rules.export_ground = "scenario: invented data";
        settings.rules.groups = &groups_;
        for (const auto& [source, counts_from] : setting.sources) {
            sources_.insert(source);
            if (clinic.no_show == ScenarioClinic::NoShow::end_of_day)
                settings.rules.no_show_sources.insert(source);
            settings.rules.first_read_us[source] = setting.first_read_us;
            if (counts_from) settings.rules.counts_from.emplace(source, *counts_from);
        }
        if (setting.payers_unknown) mapping_version_ += change::kPayersUnknown;
        meaning_ = std::make_unique<Meaning>(database_, identity_, 1, std::move(settings));
    }

    Result<void> play(const std::string& pointer, const Json& step, std::int64_t at_us) {
        if (auto ok = choose_source(pointer, step); !ok) return ok;
        if (auto done = upsert(pointer + "/upsert", step.value("upsert", Json::object()), at_us);
            !done)
            return done;
        if (auto done = remove(pointer + "/remove", step.value("remove", Json::object()), at_us);
            !done)
            return done;
        if (auto done = link(pointer + "/link", step.value("link", Json::array()), at_us); !done)
            return done;
        if (auto done = unlink(pointer + "/unlink", step.value("unlink", Json::array()), at_us);
            !done)
            return done;
        if (auto done = receive(pointer + "/inbox", step.value("inbox", Json::array()), at_us);
            !done)
            return done;
        const auto report = meaning_->work_off(at_us);
        for (const auto& problem : report.problems) {
            if (!set_aside_
                     .insert(
                         problem.key.source + "/" + problem.key.kind + "/" + problem.key.source_id +
                         problem.reason
                     )
                     .second)
                continue;  // told before: it stands there still
            aside_.rows.push_back(
                problem.key.kind + " " + problem.key.source_id + " (" + problem.reason + ")"
            );
            output_.remark(
                document_.where(pointer) + ": " + problem.key.kind + " " + problem.key.source_id +
                " set aside: " + problem.reason
            );
        }
        print();
        return {};
    }

    ScenarioAside& aside() { return aside_; }

  private:
    const YamlDocument& document_;
    const ScenarioOutput& output_;
    const Zone zone_;
    ScenarioAside aside_;
    std::set<std::string> set_aside_;
    sqlite::Database database_;
    Identity identity_;
    domain::NomenclatureGroups groups_;
    change::RecordStore records_;
    inbox::Inbox inbox_;
    std::unique_ptr<Meaning> meaning_;
    std::string mapping_version_ = kSource;
    std::set<std::string> sources_;
    std::string source_;  // whose rows the step's are
    std::int64_t printed_ = 0;

    Result<void> choose_source(const std::string& pointer, const Json& step) {
        if (!step.contains("source")) {
            if (sources_.size() > 1 && (step.contains("upsert") || step.contains("remove")))
                return wrong(document_, pointer, "source: say whose rows these are, one a step");
            source_ = *sources_.begin();
            return {};
        }
        const Json& named = step["source"];
        if (!named.is_string() || !sources_.contains(named.get_ref<const std::string&>()))
            return wrong(
                document_, pointer_to(pointer, "source"), "the file's `sources` has no such one"
            );
        source_ = named.get<std::string>();
        return {};
    }

    Result<void> link(const std::string& pointer, const Json& links, std::int64_t at_us) {
        if (!links.is_array()) return wrong(document_, pointer, "a list of links is expected");
        for (std::size_t i = 0; i < links.size(); ++i) {
            const std::string here = pointer_to(pointer, i);
            if (auto ok = known_keys(document_, here, links[i], {"joins", "stays"}); !ok) return ok;
            const auto joins = card_of(links[i].value("joins", Json())),
                       stays = card_of(links[i].value("stays", Json()));
            if (!joins || !stays)
                return wrong(document_, here, "{joins: SOURCE/ID, stays: SOURCE/ID} is expected");
            sqlite::Transaction transaction(database_);
            note_refused(
                here, meaning_->link_patients(transaction, {*joins, *stays}, {kSource, at_us})
            );
            transaction.commit();
        }
        return {};
    }

    Result<void> unlink(const std::string& pointer, const Json& cards, std::int64_t at_us) {
        if (!cards.is_array()) return wrong(document_, pointer, "a list of SOURCE/ID is expected");
        for (std::size_t i = 0; i < cards.size(); ++i) {
            const std::string here = pointer_to(pointer, i);
            const auto joins = card_of(cards[i]);
            if (!joins) return wrong(document_, here, "SOURCE/ID is expected");
            sqlite::Transaction transaction(database_);
            note_refused(here, meaning_->unlink_patient(transaction, *joins, {kSource, at_us}));
            transaction.commit();
        }
        return {};
    }

    void note_refused(const std::string& pointer, const Result<void>& answer) {
        if (answer) return;
        aside_.messages.push_back(answer.error().text);
        output_.remark(document_.where(pointer) + ": refused: " + answer.error().text);
    }

    Result<void> kind_list(const std::string& pointer, const Json& by_kind) const {
        if (!by_kind.is_object() && !by_kind.is_null())
            return wrong(document_, pointer, "a map kind → list is expected");
        for (const auto& [kind, list] : by_kind.items()) {
            if (record::find_kind(kind) == nullptr)
                return wrong(
                    document_, pointer_to(pointer, kind),
                    "no record kind '" + kind + "' (schemas/README.md section 1)"
                );
            if (!list.is_array() && !list.is_null())
                return wrong(document_, pointer_to(pointer, kind), "a list is expected");
        }
        return {};
    }

    Result<void> upsert(const std::string& pointer, const Json& by_kind, std::int64_t at_us) {
        if (auto ok = kind_list(pointer, by_kind); !ok) return ok;
        sqlite::Transaction transaction(database_);
        for (const auto& [kind, list] : by_kind.items()) {
            std::vector<record::Record> records;
            for (std::size_t i = 0; i < list.size(); ++i) {
                const Json row = record_of_bookkeeper(
                    *record::find_kind(kind), list[i],
                    [this](const std::string& branch) { return zone_of(branch); }
                );
                auto made = record::record_from_json(kind, row.dump());
                if (made) {
                    records.push_back(std::move(*made));
                    continue;
                }
                aside_.rows.push_back(row_left_aside(kind, row, made.error().text));
                output_.remark(
                    document_.where(pointer_to(pointer_to(pointer, kind), i)) +
                    ": quarantined: " + made.error().text + ": " + aside_.rows.back()
                );
            }
            change::CaptureOptions options;
            options.mapping_version = mapping_version_;
            options.now_us = at_us;
            records_.capture(transaction, {source_, kind, kind}, records, options);
            if (kind == "branch") meaning_->reload_rules();  // the times below may be of its zone
        }
        transaction.commit();
        return {};
    }

    Result<void> remove(const std::string& pointer, const Json& by_kind, std::int64_t at_us) {
        if (auto ok = kind_list(pointer, by_kind); !ok) return ok;
        sqlite::Transaction transaction(database_);
        for (const auto& [kind, list] : by_kind.items()) {
            std::vector<std::string> keys;
            for (std::size_t i = 0; i < list.size(); ++i) {
                if (!list[i].is_string() && !list[i].is_number_integer())
                    return wrong(
                        document_, pointer_to(pointer_to(pointer, kind), i),
                        "a source_id is expected"
                    );
                keys.push_back(list[i].is_string() ? list[i].get<std::string>() : list[i].dump());
            }
            records_.remove(transaction, {source_, kind, kind}, keys, at_us);
        }
        transaction.commit();
        return {};
    }

    Result<void> receive(const std::string& pointer, const Json& messages, std::int64_t at_us) {
        if (!messages.is_array() && !messages.is_null())
            return wrong(document_, pointer, "a list of messages is expected");
        for (std::size_t i = 0; i < messages.size(); ++i) {
            sqlite::Transaction transaction(database_);
            const Json message = message_of_bookkeeper(messages[i], zone_);
            const auto answer = meaning_->accept(transaction, message, at_us);
            transaction.commit();
            if (answer.verdict != inbox::Verdict::refused) continue;
            const auto id = message.is_object() ? message.value("id", Json()) : Json();
            aside_.messages.push_back(
                (id.is_null()     ? "without id"
                 : id.is_string() ? id.get<std::string>()
                                  : id.dump()) +
                " (" + answer.code + ")"
            );
            output_.remark(
                document_.where(pointer_to(pointer, i)) + ": message refused: " + answer.code +
                ": " + answer.reason
            );
        }
        return {};
    }

    Zone zone_of(const std::string& branch) const {
        const auto zones = meaning_->zones_of(source_);
        const auto known = zones.find(branch);
        return known == zones.end() ? zone_ : known->second;
    }

    void print() {
        for (;;) {
            auto events = outbox::read_events(database_, printed_, 1000);
            if (events.empty()) return;
            for (auto& event : events) {
                printed_ = event.position;
                if (!output_.party.empty() && !outbox::narrow_to_party(event, output_.party))
                    continue;
                output_.event(outbox::render_cloudevent(event, identity_.clinic_id()));
            }
        }
    }
};

}  // namespace

Identity scenario_identity(const std::string& clinic_id) { return {clinic_id, kPseudonymKey}; }

Result<ScenarioAside> play_scenario(
    const std::filesystem::path& file, const ScenarioOutput& output
) {
    const auto document = config::load_yaml(file);
    if (!document) return fail(document.error());
    return play_scenario(*document, output);
}

Result<ScenarioAside> play_scenario(
    const config::YamlDocument& document, const ScenarioOutput& output, const ScenarioClinic& clinic
) {
    auto setting = read_setting(document);
    if (!setting) return fail(setting.error());
    auto groups = domain::NomenclatureGroups::load(
        platform::share_directory() / "config" / "nomenclature_groups.yaml"
    );
    if (!groups) return fail(groups.error());
    const Json steps = document.value().value("steps", Json::array());
    if (!steps.is_array() && !steps.is_null())
        return wrong(document, "/steps", "a list of steps is expected");
    const Zone zone = setting->zone;
    const bool expected = setting->expect_quarantine;
    if (clinic.payers == ScenarioClinic::Payers::unknown) setting->payers_unknown = true;
    if (!steps.empty())
        if (const auto first = time_of(steps.front(), zone))
            setting->first_read_us = first->unix_us;
    Stage stage(std::move(*setting), std::move(*groups), document, output, clinic);
    std::optional<Timestamp> before;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::string pointer = pointer_to("/steps", i);
        if (auto ok = known_keys(
                document, pointer, steps[i],
                {"at", "source", "upsert", "remove", "link", "unlink", "inbox"}
            );
            !ok)
            return fail(ok.error());
        const auto at = time_of(steps[i], zone);
        if (!at)
            return wrong(
                document, pointer,
                "at: a time is expected, such as 2026-03-02T10:00:00+03:00, or 2026-03-02 10:00 in "
                "the clinic's zone"
            );
        if (before && *at < *before)
            return wrong(
                document, pointer_to(pointer, "at"), "the step lies before the one above it"
            );
        before = at;
        if (output.step_begins) output.step_begins(i, *at);
        if (auto done = stage.play(pointer, steps[i], at->unix_us); !done)
            return fail(done.error());
    }
    ScenarioAside aside = std::move(stage.aside());
    aside.expected = expected;
    return aside;
}

}  // namespace mis::gateway
