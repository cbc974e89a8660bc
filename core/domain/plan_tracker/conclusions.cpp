#include <algorithm>

#include "domain/body_fields.hpp"
#include "domain/plan_tracker/announce.hpp"
#include "domain/plan_tracker/plan_text.hpp"
#include "domain/plan_tracker/stages.hpp"

namespace mis::domain {
namespace {

// A plan that is no longer among the facts: deleted in the MIS, or its order was unlinked.
void close_vanished_plans(Change& change, const Tracked& tracked) {
    for_each_standing(change.before, "plan/", [&](const std::string& id, const Standing& told) {
        const bool present = std::any_of(
            tracked.plans.begin(), tracked.plans.end(), [&](const Plan& p) { return p.id == id; }
        );
        const BodyFields was(told.data);
        if (present || was.flag("closed").value_or(false)) return;
        const std::string patient = was.text("patient");
        const JsonView plan = was.find("plan");
        const bool order = !plan.find("order").absent();
        const char* reason = order ? "unlinked" : "removed";
        JsonFields identity, data, name;
        identity.string("plan", id).string("reason", reason);
        data.raw(
            "plan", plan.absent() ? name.string("id", id).text().text() : std::string(plan.raw())
        );
        data.string("reason", reason);
        Draft& draft = change.drafts.add("plan.closed", change.now(), data.text(), identity.text());
        draft.entity(id)
            .about("plan/" + id)
            .at(change.now(), id)
            .with(change.gate.fallen(told.leaves, patient));
        draft.of_patient(patient);
        if (!order) draft.event.source = change.source_of("plan", id);
    });
}

}  // namespace

std::set<std::string> announce_conclusions(Change& change, const Tracked& tracked) {
    std::set<std::string> stated;
    for (const Plan& plan : tracked.plans) {
        const Permission permission = permission_of(change, plan);
        const auto add = [&](const std::string& type, JsonText data, JsonText identity, int turn) {
            Draft& draft =
                change.drafts.add(type, change.now(), std::move(data), std::move(identity));
            draft.entity(plan.id)
                .about("plan/" + plan.id)
                .at(plan.opened_at, plan.row())
                .with(permission);
            draft.of_patient(plan.patient).turn = turn;
            draft.event.source = source_of(plan, change);
            return &draft;
        };
        for (const std::string& stage : plan.stages) {
            if (change.told("stage/" + plan.id + "/" + stage, permission) != nullptr) continue;
            JsonFields fields;
            const JsonText identity = fields.string("plan", plan.id).string("stage", stage).text();
            JsonText data = identity;
            data.set("progress", progress_json(plan.progress));
            add("plan.stage.reached", std::move(data), identity, rank_of_stage(stage));
            if (plan.is_order()) stated.insert(plan.order);
        }
        if (!plan.closed()) continue;
        const std::string reason = plan.completed ? "completed" : plan.end_reason;
        const Standing* told = change.told("plan/" + plan.id, permission);
        if (told == nullptr || !told->data.find("closed").boolean().value_or(false)) {
            JsonText summary = head_of(plan);
            const auto items = listed_items(plan, texts_of_items(plan));
            if (items.size() <= kItemsInOneEvent)
                summary.set("items", list_of(items, 0, items.size()));
            const Standing* now = change.drafts.after().find("plan/" + plan.id);
            if (now == nullptr) now = told;
            summary.set("version", std::to_string(now == nullptr ? 1 : version_of(*now)));
            JsonFields identity, data;
            identity.string("plan", plan.id).string("reason", reason);
            data.raw("plan", summary.text()).string("reason", reason);
            data.raw("progress", progress_json(plan.progress));
            add("plan.closed", std::move(data).text(), std::move(identity).text(), 0)
                ->stands_as("plan/" + plan.id);
        }
        if (!plan.is_order() || change.told("order_closed/" + plan.order, permission) != nullptr)
            continue;
        stated.insert(plan.order);
        Json data{{"order", plan.order}, {"reason", reason}};
        Draft* draft = add("order.closed", data, data, 0);
        draft->entity(plan.order).about("order/" + plan.order);
        if (!plan.completed) draft->event.data.set_string("request", plan.ended_by);
    }
    for (const Order& order : change.orders.all) {  // cancelled before its patient was found
        const Permission permission = change.gate.order(order);
        if (!order.patient.empty() || !order.cancelled_at) continue;
        if (change.told("order_closed/" + order.id, permission) != nullptr) continue;
        Json data{{"order", order.id}, {"reason", "cancelled"}};
        Draft& draft = change.drafts.add("order.closed", change.now(), data, data);
        draft.entity(order.id)
            .about("order/" + order.id)
            .at(order.placed_at, order.id)
            .with(permission);
        draft.event.data.set_string("request", order.cancelled_by);
    }
    close_vanished_plans(change, tracked);
    return stated;
}

}  // namespace mis::domain
