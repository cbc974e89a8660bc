#include "gateway/desk/patient_page.hpp"

#include <charconv>

#include "disclosure/canary.hpp"
#include "domain/announced.hpp"
#include "domain_store/group_store.hpp"
#include "gateway/desk/masked.hpp"
#include "outbox/trace.hpp"

namespace mis::gateway {
namespace {

struct FoundPatient {
    std::int64_t group = 0;
    domain_store::Party card;
};

std::optional<FoundPatient> find_patient(const PatientsRead& read, const std::string& pseudonym) {
    const domain_store::GroupStore groups(read.database);
    const auto group = groups.group_of_entity(pseudonym);
    if (!group) return std::nullopt;
    for (auto& party : groups.parties(*group))
        if (party.kind == domain_store::PartyKind::patient &&
            read.identity.pseudonym(party.source, party.key) == pseudonym)
            return FoundPatient{*group, std::move(party)};
    return std::nullopt;
}

Json item_json(
    const domain::Announced& announced, const std::string& plan, const Json& item,
    const disclosure::Canary& canary
) {
    const std::string id = item.value("id", "");
    Json out{
        {"id", id},
        {"stage", item.value("stage", 1)},
        {"teeth", item.value("teeth", Json::array())},
        {"quantity", item.value("quantity", "1")},
        {"state", "planned"}};
    for (const char* name : {"service_code", "nomenclature"})
        if (const auto found = item.find(name); found != item.end() && found->is_string())
            if (auto text = harmless(canary, found->get<std::string>())) out[name] = *text;
    if (item.contains("total")) out["total"] = item["total"];
    const auto* told = announced.find("item/" + plan + "/" + id);
    if (told == nullptr) return out;
    if (const std::string state = told->data.find("after").string(); !state.empty())
        out["state"] = state;
    if (const std::string reason = told->data.find("reason").string(); !reason.empty())
        out["reason"] = reason;
    return out;
}

Json plans_json(
    const domain::Announced& announced, const std::string& pseudonym,
    const disclosure::Canary& canary
) {
    Json plans = Json::array();
    constexpr std::string_view kPlan = "plan/";
    for (auto at = announced.standing.lower_bound(kPlan);
         at != announced.standing.end() && at->first.starts_with(kPlan); ++at) {
        const Json told = at->second.data.tree();
        if (!told.contains("plan") || told.value("patient", "") != pseudonym) continue;
        const Json& plan = told["plan"];
        const std::string id = plan.value("id", "");
        Json out{{"id", id}, {"closed", told.value("closed", false)}, {"items", Json::array()}};
        if (const std::string order = plan.value("order", ""); !order.empty()) out["order"] = order;
        for (const Json& item : plan.value("items", Json::array()))
            out["items"].push_back(item_json(announced, id, item, canary));
        plans.push_back(std::move(out));
    }
    return plans;
}

}  // namespace

std::optional<Json> patient_page(const PatientsRead& read, const std::string& pseudonym) {
    const auto found = find_patient(read, pseudonym);
    if (!found) return std::nullopt;
    Json page = masked_patient(
        change::RecordStore(read.database), read.identity, found->card.source, found->card.key
    );
    disclosure::PrivateIndex everybody(read.database);
    everybody.look_again();
    disclosure::Canary canary;
    canary.watch(&everybody);
    page["plans"] = Json::array();
    const std::string text = domain_store::GroupStore(read.database).announced(found->group);
    if (text.empty()) return page;
    if (const auto announced = domain::Announced::from_text(text))
        page["plans"] = plans_json(*announced, pseudonym, canary);
    return page;
}

std::optional<Json> patient_timeline(
    const PatientsRead& read, const std::string& pseudonym, const console::PageAsked& page
) {
    if (!find_patient(read, pseudonym)) return std::nullopt;
    std::int64_t after = 0;
    std::from_chars(page.after.data(), page.after.data() + page.after.size(), after);
    const auto trace = outbox::trace_of(read.database, pseudonym, after, page.limit);
    Json out{{"items", Json::array()}};
    for (const auto& entry : trace.entries) {
        Json one{
            {"at", read.zone.at(entry.at_us).to_string()},
            {"type", entry.type},
            {"fate", entry.fate == outbox::Fate::left ? "left" : "withheld"},
            {"ground", entry.ground}};
        if (!entry.record_id.empty()) one["record"] = entry.record_id;
        if (!entry.id.empty()) one["event"] = entry.id;
        if (entry.position != 0) one["position"] = entry.position;
        out["items"].push_back(std::move(one));
    }
    if (trace.next != 0) out["next"] = std::to_string(trace.next);
    if (const auto since = outbox::trace_since(read.database))
        out["since"] = read.zone.at(*since).to_string();
    return out;
}

std::optional<Json> patient_unmasked(const PatientsRead& read, const std::string& pseudonym) {
    const auto found = find_patient(read, pseudonym);
    if (!found) return std::nullopt;
    const auto record =
        change::RecordStore(read.database).find({found->card.source, "patient", found->card.key});
    if (!record) return std::nullopt;
    const Json body = JsonView(record->body).tree();
    Json out{{"id", pseudonym}, {"source", found->card.source}, {"card", found->card.key}};
    for (const char* name :
         {"last_name", "first_name", "middle_name", "birth_date", "phones", "email"})
        if (body.contains(name)) out[name] = body[name];
    return out;
}

}  // namespace mis::gateway
