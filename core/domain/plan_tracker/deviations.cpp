#include <algorithm>

#include "domain/body_fields.hpp"
#include "domain/plan_tracker/announce.hpp"
#include "domain/replaced_rows.hpp"

namespace mis::domain {
namespace {

// P10: the exchange's latest answer about this plan; empty: it has none.
std::string answer_about(const GroupFacts& facts, const Tracked& tracked, const std::string& plan) {
    const auto known = std::find_if(
        tracked.plans.begin(), tracked.plans.end(), [&](const Plan& one) { return one.id == plan; }
    );
    const std::string order = known == tracked.plans.end() ? "" : known->order;
    const InboxFact* latest = nullptr;
    for (const InboxFact& message : facts.messages) {
        if (message.type != "plan.approved" && message.type != "plan.refused") continue;
        const BodyFields fields(message.body);
        const bool about =
            fields.text("plan") == plan || (!order.empty() && fields.text("order") == order);
        if (about && (latest == nullptr || latest->position < message.position)) latest = &message;
    }
    return latest == nullptr ? "" : latest->id;
}

}  // namespace

void announce_deviations(Change& change, const Tracked& tracked) {
    std::map<std::string, const Deviation*> found;
    for (const Deviation& deviation : tracked.deviations) found[deviation.line->id] = &deviation;
    const auto data_of = [](const Deviation& deviation) {
        JsonFields data;
        data.string("plan", deviation.plan).string("kind", deviation.kind);
        data.string("procedure", deviation.line->id);
        if (deviation.agreed) data.money("agreed", *deviation.agreed);
        if (deviation.charged) data.money("charged", *deviation.charged);
        return data.text();
    };
    // Which deviations of this kind there are is the exchange's word as much as the MIS's.
    const auto name_answer = [&](Draft& draft, const std::string& plan) {
        if (draft.event.data.find("kind").string() != "not_approved") return;
        draft.event.data.erase("request");
        if (const std::string message = answer_about(change.facts, tracked, plan); !message.empty())
            draft.event.data.set_string("request", message);
    };
    const auto permission_for = [&](const Deviation& deviation) {
        Permission permission =
            change.gate.record(deviation.line->patient, deviation.line->performed_at);
        for (const Plan& plan : tracked.plans) {
            if (plan.id == deviation.plan && !permission_of(change, plan).allowed())
                permission = {};
        }
        return permission;
    };
    for_each_standing(
        change.before, "deviation/",
        [&](const std::string& line, const Standing& told) {
            const auto still = found.find(line);
            if (still != found.end()) {
                const bool hidden =
                    told.leaves == Export::withheld && permission_for(*still->second).allowed();
                const JsonText data = data_of(*still->second);
                if (hidden || same_but(told.data.view(), data.view(), {"patient", "request"}))
                    return;
            }
            const std::string plan = told.data.find("plan").string(),
                              patient = told.data.find("patient").string();
            JsonText identity = told.data;
            identity.erase("request");
            Draft& draft = change.drafts.add(
                "plan.deviation.withdrawn", change.now(), told.data, std::move(identity)
            );
            const auto performed = change.told_performed_at(line);
            if (performed) draft.at(*performed, change.row_of(line));
            draft.entity(line)
                .about("plan/" + plan)
                .with(change.gate.fallen(told.leaves, patient, performed))
                .of_patient(patient);
            draft.event.source = change.source_of("procedure", line);
            draft.event.record_id = line;
            name_answer(draft, plan);
        }
    );
    for (const Deviation& deviation : tracked.deviations) {
        const Permission permission = permission_for(deviation);
        const Standing* told = change.told("deviation/" + deviation.line->id, permission);
        const JsonText data = data_of(deviation);
        if (told != nullptr && same_but(told->data.view(), data.view(), {"patient", "request"}))
            continue;
        const Line& line = *deviation.line;
        Draft& draft = change.drafts.add("plan.deviation.found", line.performed_at, data, data);
        draft.entity(line.id)
            .about("plan/" + deviation.plan)
            .at(line.performed_at, line.key.source_id);
        draft.with(permission).of_patient(line.patient);
        draft.event.source = line.key.source;
        draft.event.record_id = line.id;
        name_answer(draft, deviation.plan);
    }
}

}  // namespace mis::domain
