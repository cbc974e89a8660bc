#include "support/scenario_world.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/phones.hpp"
#include "base/text.hpp"
#include "config/yaml.hpp"
#include "domain/body_fields.hpp"
#include "domain/event_rows.hpp"

namespace mis::test {

using namespace mis::domain;

namespace {

NomenclatureGroups shipped_groups() {
    auto groups = NomenclatureGroups::load(
        std::filesystem::path(MIS_SOURCE_DIR) / "config" / "nomenclature_groups.yaml"
    );
    if (!groups) throw std::runtime_error(groups.error().text);
    return std::move(*groups);
}

bool fits(const Json& sent, const Json& patient) {  // P9, as simply as a test can say it
    const JsonText order_text(sent), record_text(patient);
    const BodyFields order(order_text), record(record_text);
    if (!order.text("last_name").empty() &&
        fold(order.text("last_name")) != fold(record.text("last_name")))
        return false;
    if (!order.text("birth_date").empty() && order.text("birth_date") != record.text("birth_date"))
        return false;
    if (order.text("phone").empty()) return true;
    const auto phones = record.texts("phones");
    return std::any_of(phones.begin(), phones.end(), [&](const std::string& phone) {
        const auto his = phones_last_ten(phone);
        return his == phones_last_ten(order.text("phone")) && !his.empty();
    });
}

std::string ground_of(const Json& sent) {
    std::string ground;
    for (const char* name : {"phone", "last_name", "birth_date"}) {
        if (sent.contains(name)) ground += (ground.empty() ? "" : "+") + std::string(name);
    }
    return ground;
}

}  // namespace

ScenarioWorld::ScenarioWorld(ExportMode mode)
    : rules(*Zone::find("Europe/Moscow")), groups_(shipped_groups()) {
    rules.export_mode = mode;
    rules.export_ground = "scenario";
    rules.no_show_sources = {"scenario"};
    rules.groups = &groups_;
    rules.event_id_of = [this](
                            std::string_view entity, std::string_view type,
                            std::string_view identity_json, std::uint64_t nth
                        ) {
        const std::string key =
            std::string(entity) + '\n' + std::string(type) + '\n' + std::string(identity_json);
        const auto before = counts_.find(key);
        return identity.event_id(
            1, entity, type, identity_json, (before == counts_.end() ? 0 : before->second) + nth
        );
    };
}

void ScenarioWorld::at(const std::string& rfc3339) {
    const auto now = Timestamp::parse_rfc3339(rfc3339);
    if (!now) throw std::runtime_error("not a time: " + rfc3339);
    at(*now);
}

void ScenarioWorld::at(const Timestamp& now) {
    now_ = now;
    for (const auto& source : rules.no_show_sources)
        rules.first_read_us.try_emplace(source, now.unix_us);
}

void ScenarioWorld::sources(const std::map<std::string, std::optional<Date>>& counts_from) {
    rules.no_show_sources.clear();
    for (const auto& [source, day] : counts_from) {
        rules.no_show_sources.insert(source);
        if (day) rules.counts_from.emplace(source, *day);
    }
}

void ScenarioWorld::upsert(const std::string& kind, const Json& record, const std::string& source) {
    const RecordKey key{source, kind, record.value("source_id", "")};
    RecordFact& fact = records_[key];
    if (kind == "branch" && record.contains("legal_entity"))
        rules.legal_entities[{source, key.source_id}] = record["legal_entity"].get<std::string>();
    Json noted = record;
    for (const char* time : {"performed_at", "paid_at", "starts_at"})  // I6: a day without a clock
        if (record.value(time, "").find("T00:00:00") != std::string::npos &&
            !record.contains("notes"))
            noted["notes"] = Json::array({"day_only"});
    const std::string body = canonical_json(noted);
    if (fact.body == body) return;
    fact.version = fact.body.empty() ? 1 : fact.version + 1;
    fact.key = key;
    fact.first_seen_us = now_.unix_us;
    fact.payers_unknown = payers_unknown;
    fact.body = body;
}

void ScenarioWorld::remove(
    const std::string& kind, const std::string& source_id, const std::string& source
) {
    records_.erase(RecordKey{source, kind, source_id});
}

void ScenarioWorld::inbox(const Json& message) {
    messages_.push_back(InboxFact{
        message.value("id", ""), message.value("type", ""), now_.unix_us, messages_.size() + 1,
        message});
}

void ScenarioWorld::unlink(const std::string& order) {
    std::erase_if(links_, [&](const OrderLink& link) { return link.order == order; });
}

void ScenarioWorld::link_patients(const RecordKey& joins, const RecordKey& stays) {
    patient_links_.push_back({joins, stays});
}

void ScenarioWorld::unlink_patient(const RecordKey& joins) {
    std::erase_if(patient_links_, [&](const PatientLink& link) { return link.joins == joins; });
}

// P11, as simply as a test can say it.
RecordKey ScenarioWorld::person_of(RecordKey card) const {
    for (std::size_t hop = 0; hop <= records_.size(); ++hop) {
        const auto link =
            std::find_if(patient_links_.begin(), patient_links_.end(), [&](const PatientLink& one) {
                return one.joins == card;
            });
        if (link != patient_links_.end()) {
            card = link->stays;
            continue;
        }
        const auto found = records_.find(card);
        if (found == records_.end()) break;
        const BodyFields body{JsonView(found->second.body)};
        const std::string into = body.text("merged_into");
        if (into.empty()) break;
        card.source_id = into;
    }
    return card;
}

void ScenarioWorld::link_orders() {
    waits_.clear();
    for (const InboxFact& message : messages_) {
        if (message.type != "order.placed") continue;
        const std::string order = BodyFields(message.body).text("order");
        if (std::any_of(links_.begin(), links_.end(), [&](const OrderLink& l) {
                return l.order == order;
            }))
            continue;
        const bool cancelled =
            std::any_of(messages_.begin(), messages_.end(), [&](const InboxFact& m) {
                return m.type == "order.cancelled" && BodyFields(m.body).text("order") == order;
            });
        if (cancelled) continue;
        const Json sent = message.body.tree().value("patient", Json::object());
        std::vector<RecordKey> candidates;
        for (const auto& [key, fact] : records_) {
            if (key.kind != "patient") continue;
            const Json patient = *parse_json(fact.body);
            if (patient.contains("merged_into") || !fits(sent, patient)) continue;
            const RecordKey person = person_of(key);
            if (std::find(candidates.begin(), candidates.end(), person) == candidates.end())
                candidates.push_back(person);
        }
        if (candidates.size() == 1) {
            links_.push_back(OrderLink{
                order, candidates[0].source, candidates[0].source_id, now_.unix_us, ground_of(sent)}
            );
        } else {
            waits_.push_back(OrderWait{order, static_cast<std::uint32_t>(candidates.size())});
        }
    }
}

GroupFacts ScenarioWorld::facts() const {
    GroupFacts facts;
    for (const auto& [key, fact] : records_) facts.records.push_back(fact);
    facts.messages = messages_;
    facts.links = links_;
    facts.patient_links = patient_links_;
    facts.waits = waits_;
    facts.now = now_;
    return facts;
}

std::vector<Event> ScenarioWorld::evaluate() {
    link_orders();
    last_ = domain::evaluate(facts(), announced_, rules, identity);
    announced_ = last_.after;
    for (const Event& event : last_.events) {
        if (event.leaves == Export::leaves)
            ++counts_[event.entity_id + '\n' + event.type + '\n' + event.identity];
        log_.push_back(event);
    }
    require_consistent();
    return last_.events;
}

void ScenarioWorld::require_consistent() const {
    const auto differs = [](const char* what, const Announced& a, const Announced& b) {
        const Json left = *parse_json(a.to_text()), right = *parse_json(b.to_text());
        for (const char* part : {"standing", "ledger"}) {
            if (left[part] == right[part]) continue;
            throw std::runtime_error(
                std::string(what) + ": " +
                Json::diff(left[part], right[part]).dump().substr(0, 2000)
            );
        }
    };
    differs("the fold of the log is not what is announced", fold(log_), announced_);
    const std::string text = announced_.to_text();
    if (canonical_json(*parse_json(text)) != text)
        throw std::runtime_error("what is announced is not written canonically: " + text);
    for (const Event& event : last_.events) {
        if (canonical_json(event.data.tree()) != event.data.text())
            throw std::runtime_error("an event is not written canonically: " + event.data.text());
    }
    const auto read_back = Announced::from_text(text);
    if (!read_back) throw std::runtime_error(read_back.error().text);
    differs("what is announced does not survive its JSON form", *read_back, announced_);
    const Outcome again = domain::evaluate(facts(), announced_, rules, identity);
    if (!again.events.empty()) {
        throw std::runtime_error(
            "evaluated twice, it says again: " + again.events.front().type + " " +
            again.events.front().data.text()
        );
    }
}

Outcome ScenarioWorld::from_nothing() const {
    return domain::evaluate(facts(), Announced{}, rules, identity);
}

std::string run_scenario(const std::filesystem::path& file) {
    const auto document = config::load_yaml(file);
    if (!document) throw std::runtime_error(document.error().text);
    const Json& scenario = document->value();
    ScenarioWorld world(
        scenario.value("export", "ordered") == "all" ? ExportMode::all : ExportMode::ordered
    );
    if (scenario.contains("clinic")) {
        world.rules.clinic_zone =
            *Zone::find(scenario["clinic"].value("timezone", "Europe/Moscow"));
    }
    world.payers_unknown =
        scenario.contains("mis") && scenario["mis"].value("payers", "") == "unknown";
    if (scenario.contains("sources")) {
        std::map<std::string, std::optional<Date>> counts_from;
        for (const auto& [name, settings] : scenario["sources"].items())
            counts_from[name] = Date::parse_iso(settings.value("counts_from", ""));
        world.sources(counts_from);
    }
    const auto card = [](const std::string& text) {
        const auto slash = text.find('/');
        return RecordKey{text.substr(0, slash), "patient", text.substr(slash + 1)};
    };
    domain::EventRows rows;
    std::string out;
    for (const Json& step : scenario["steps"]) {
        const std::string source = step.value("source", "scenario");
        world.at(step.value("at", ""));
        if (step.contains("upsert")) {
            for (const auto& [kind, records] : step["upsert"].items()) {
                for (const Json& record : records) world.upsert(kind, record, source);
            }
        }
        if (step.contains("remove")) {
            for (const auto& [kind, ids] : step["remove"].items()) {
                for (const Json& id : ids) world.remove(kind, id.get<std::string>(), source);
            }
        }
        for (const Json& link : step.value("link", Json::array()))
            world.link_patients(card(link.value("joins", "")), card(link.value("stays", "")));
        for (const Json& joined : step.value("unlink", Json::array()))
            world.unlink_patient(card(joined.get<std::string>()));
        if (step.contains("inbox")) {
            for (const Json& message : step["inbox"]) world.inbox(message);
        }
        out += step.value("at", "") + "\n";
        for (const Event& event : world.evaluate()) {
            out += rows.row(event.type, event.data.tree(), event.leaves == Export::withheld);
        }
    }
    return out;
}

}  // namespace mis::test
