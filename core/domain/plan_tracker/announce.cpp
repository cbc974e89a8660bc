#include "domain/plan_tracker/announce.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"
#include "domain/plan_tracker/stages.hpp"
#include "domain/replaced_rows.hpp"

namespace mis::domain {
namespace {

constexpr std::size_t kItemsInOneEvent = 60;  // an event stays under 20 kB

Json json_of(const PlanItem& item) {
    Json out{
        {"id", item.id},
        {"teeth", item.teeth},
        {"quantity", item.quantity.to_string()},
        {"stage", item.stage},
        {"position", item.position}};
    if (!item.work.service_code.empty()) out["service_code"] = item.work.service_code;
    out["nomenclature"] = item.work.nomenclature.empty() ? Json() : Json(item.work.nomenclature);
    if (item.total) out["total"] = to_json_value(*item.total);
    return out;
}

Json json_of(const Plan& plan) {
    Json items = Json::array();
    for (const PlanItem& item : plan.items) {
        if (!item.declined) items.push_back(json_of(item));
    }
    Json out{{"id", plan.id}, {"items", std::move(items)}};
    if (plan.is_order()) out["order"] = plan.order;
    for (const char* field : {"practitioner", "created_on"}) {
        if (plan.header.is_object() && plan.header.contains(field)) out[field] = plan.header[field];
    }
    return out;
}

// A new mapping changes what a code means, not what was agreed; in an order the place is only where
// the list has the item.
bool same_item(const Json& a, const Json& b, const Plan& plan) {
    const std::string_view place = plan.is_order() ? "position" : "";
    return a.contains("service_code") ? same_but(a, b, {"nomenclature", place})
                                      : same_but(a, b, {place});
}

Json changed_items(const Json& before, const Json& after, const Plan& plan) {
    std::map<std::string, const Json*> old;
    for (const Json& item : before) old[item.value("id", "")] = &item;
    Json changed = Json::array();
    for (const Json& item : after) {
        const auto was = old.find(item.value("id", ""));
        if (was == old.end() || !same_item(*was->second, item, plan))
            changed.push_back(item.value("id", ""));
        if (was != old.end()) old.erase(was);
    }
    for (const auto& [id, item] : old) changed.push_back(id);
    return changed;
}

class PlanAnnouncer {
  public:
    PlanAnnouncer(Change& change, const Plan& plan)
        : change_(change),
          plan_(plan),
          permission_(permission_of(change, plan)),
          told_(change.told("plan/" + plan.id, permission_)) {}

    void announce() {
        announce_versions();
        int turn = 0;
        std::set<std::string> present;
        for (const PlanItem& item : plan_.items) {
            present.insert(item.id);
            announce(item, turn++);
        }
        if (told_ != nullptr) void_removed_items(present);
        withdraw_stages();
    }

  private:
    Change& change_;
    const Plan& plan_;
    Permission permission_;
    const Standing* told_;

    Draft& add(const std::string& type, const Timestamp& time, Json data, const Json& identity) {
        Draft& draft = change_.drafts.add(type, time, std::move(data), identity);
        draft.entity(plan_.id)
            .about("plan/" + plan_.id)
            .at(plan_.opened_at, plan_.id)
            .with(permission_);
        draft.of_patient(plan_.patient);
        draft.event.source = plan_.source;
        draft.event.record_id = plan_.is_order() ? "" : plan_.id;
        return draft;
    }

    void announce_versions() {
        Json now = json_of(plan_);
        std::string type, reason;
        Json changed = Json::array();
        int version = 1;
        if (told_ == nullptr) {
            type = "plan.opened";
            reason = "new";
        } else {
            const Json& was = told_->data.at("plan");
            version = was.value("version", 1);
            const bool moved = BodyFields(told_->data).text("patient") != plan_.patient;
            changed = changed_items(was.value("items", Json::array()), now["items"], plan_);
            const bool differs =
                !changed.empty() || moved || !same_but(was, now, {"version", "items"});
            const bool reopened = told_->data.value("closed", false) && !plan_.closed();
            if (differs) ++version;
            if (reopened) {
                type = "plan.opened";
                reason = "reopened";
            } else if (differs) {
                type = "plan.changed";
                reason = moved ? "merged" : only_struck(changed) ? "tooth_removed" : "amended";
            }
        }
        if (type.empty()) return;
        now["version"] = version;
        Json identity{{"plan", now}, {"reason", reason}};
        identity["plan"].erase("version");
        const Json items = now["items"];
        const std::size_t parts =
            std::max<std::size_t>(1, (items.size() + kItemsInOneEvent - 1) / kItemsInOneEvent);
        for (std::size_t part = 0; part < parts; ++part) {
            Json data{
                {"plan", now}, {"reason", reason}, {"progress", progress_json(plan_.progress)}};
            if (type == "plan.changed" || !changed.empty()) data["changed"] = changed;
            if (parts > 1) {
                const auto from = static_cast<std::ptrdiff_t>(part * kItemsInOneEvent);
                const auto to = static_cast<std::ptrdiff_t>(
                    std::min(items.size(), (part + 1) * kItemsInOneEvent)
                );
                data["plan"]["items"] =
                    Json(Json::array_t(items.begin() + from, items.begin() + to));
                data["part"] = part + 1;
                data["parts"] = parts;
                identity["part"] = part + 1;
            }
            const bool first = reason == "new";
            Draft& draft =
                add(type, first ? plan_.opened_at : change_.now(), std::move(data), identity);
            draft.turn = static_cast<int>(part);
            const bool by_mis = reason == "merged" || reason == "tooth_removed" ||
                                (reason == "reopened" && changed.empty());
            if (by_mis) draft.event.source = change_.typed.mis_source;
        }
    }

    bool only_struck(const Json& changed) const {
        return !changed.empty() && std::all_of(changed.begin(), changed.end(), [&](const Json& id) {
            return std::any_of(plan_.items.begin(), plan_.items.end(), [&](const PlanItem& item) {
                return Json(item.id) == id && item.teeth_struck;
            });
        });
    }

    void announce(const PlanItem& item, int turn) {
        const Standing* told = change_.told("item/" + plan_.id + "/" + item.id, permission_);
        const std::string before =
            told == nullptr ? "planned" : BodyFields(told->data).text("after");
        const std::string after(to_string(item.status));
        if (before == after) return;
        if (item.declined && told == nullptr && !was_listed(item.id))
            return;  // nobody was ever told of it
        Json data{
            {"plan", plan_.id}, {"item", json_of(item)}, {"before", before}, {"after", after}};
        if (item.status == ItemStatus::voided) data["reason"] = item.void_reason;
        if (item.by != nullptr && item.status >= ItemStatus::in_progress)
            data["procedure"] = item.by->id;
        if (item.visit != nullptr) data["appointment"] = item.visit->id;
        const bool back = rank(before) > static_cast<int>(item.status) || before == "void";
        std::string type = "plan.item.";
        if (back && !(before == "void" && item.status >= ItemStatus::performed))
            type += "reopened";  // P4: to the state it had
        else if (item.status == ItemStatus::scheduled)
            type += "scheduled";
        else if (item.status == ItemStatus::in_progress)
            type += "started";
        else if (item.status == ItemStatus::performed)
            type += "performed";
        else
            type += "voided";
        const bool by_line = data.contains("procedure");
        Timestamp time = change_.now();
        if (by_line && type != "plan.item.reopened")
            time = item.by->performed_at;
        else if (item.void_at && item.status == ItemStatus::voided)
            time = *item.void_at;
        Draft& draft = add_item(type, time, std::move(data), item.by, turn);
        if (item.status == ItemStatus::scheduled) {
            draft.event.source = item.visit->key.source;
        } else if (type == "plan.item.reopened" && !withdrawn_by_exchange(before, told)) {
            draft.event.source = change_.typed.mis_source;
        }
    }

    static bool withdrawn_by_exchange(const std::string& before, const Standing* told) {
        return before == "void" && told != nullptr &&
               BodyFields(told->data).text("reason") != "tooth_removed";
    }

    bool was_listed(const std::string& id) const {
        if (told_ == nullptr) return false;
        const Json items = told_->data.at("plan").value("items", Json::array());
        return std::any_of(items.begin(), items.end(), [&](const Json& item) {
            return item.value("id", "") == id;
        });
    }

    Draft& add_item(
        const std::string& type, const Timestamp& time, Json data, const Line* by, int turn
    ) {
        const Json identity = data;
        data["progress"] = progress_json(plan_.progress);
        data["item"]["state"] = data["after"];
        Draft& draft = add(type, time, std::move(data), identity);
        draft.entity(plan_.id + "/" + draft.event.data["item"].value("id", ""));
        if (by != nullptr) {
            if (type != "plan.item.reopened") draft.at(by->performed_at, by->key.source_id);
            draft.event.source = by->key.source;
        }
        draft.turn = turn;
        return draft;
    }

    static int rank(const std::string& state) {
        for (int i = 0; i <= static_cast<int>(ItemStatus::voided); ++i) {
            if (to_string(static_cast<ItemStatus>(i)) == state) return i;
        }
        return 0;
    }

    void void_removed_items(const std::set<std::string>& present
    ) {  // items that the MIS's plan no longer has
        for (const Json& was : told_->data.at("plan").value("items", Json::array())) {
            const std::string id = was.value("id", "");
            if (present.contains(id)) continue;
            const Standing* told = change_.told("item/" + plan_.id + "/" + id, permission_);
            const std::string before =
                told == nullptr ? "planned" : BodyFields(told->data).text("after");
            if (before == "void") continue;
            Json data{
                {"plan", plan_.id},
                {"item", was},
                {"before", before},
                {"after", "void"},
                {"reason", "removed"}};
            add_item("plan.item.voided", change_.now(), std::move(data), nullptr, 1000);
        }
    }

    void withdraw_stages() {
        for_each_standing(
            change_.before, "stage/" + plan_.id + "/",
            [&](const std::string& stage, const Standing& told) {
                if (std::find(plan_.stages.begin(), plan_.stages.end(), stage) !=
                    plan_.stages.end())
                    return;
                Json data{{"plan", plan_.id}, {"stage", stage}};
                const Json identity = data;
                data["progress"] = progress_json(plan_.progress);
                Draft& draft =
                    add("plan.stage.withdrawn", change_.now(), std::move(data), identity);
                draft.with(change_.gate.fallen(told.leaves, plan_.patient)).turn =
                    rank_of_stage(stage);
                draft.event.source = change_.typed.mis_source;
            }
        );
    }
};

// A plan that is no longer among the facts: deleted in the MIS, or its order was unlinked.
void close_vanished_plans(Change& change, const Tracked& tracked) {
    for_each_standing(change.before, "plan/", [&](const std::string& id, const Standing& told) {
        const bool present = std::any_of(
            tracked.plans.begin(), tracked.plans.end(), [&](const Plan& p) { return p.id == id; }
        );
        if (present || told.data.value("closed", false)) return;
        const std::string patient = BodyFields(told.data).text("patient");
        const bool order = told.data.contains("plan") && told.data["plan"].contains("order");
        Json data{
            {"plan", told.data.value("plan", Json{{"id", id}})},
            {"reason", order ? "unlinked" : "removed"}};
        Draft& draft = change.drafts.add(
            "plan.closed", change.now(), data, Json{{"plan", id}, {"reason", data["reason"]}}
        );
        draft.entity(id)
            .about("plan/" + id)
            .at(change.now(), id)
            .with(change.gate.fallen(told.leaves, patient));
        draft.of_patient(patient);
        if (!order) draft.event.source = change.typed.mis_source;
    });
}

}  // namespace

Json progress_json(const Progress& progress) {
    return Json{
        {"items", {{"performed", progress.items_performed}, {"total", progress.items_total}}},
        {"money",
         {{"performed", to_json_value(progress.money_performed)},
          {"total", to_json_value(progress.money_total)}}},
        {"charged", to_json_value(progress.charged)}};
}

Permission permission_of(const Change& change, const Plan& plan) {
    if (!plan.is_order()) return change.gate.record(plan.patient, plan.opened_at);
    const Order* order = change.orders.find(plan.order);
    return order == nullptr ? Permission{} : change.gate.order(*order);
}

void announce_plans(Change& change, const Tracked& tracked) {
    for (const Plan& plan : tracked.plans) PlanAnnouncer(change, plan).announce();
}

void announce_deviations(Change& change, const Tracked& tracked) {
    std::map<std::string, const Deviation*> found;
    for (const Deviation& deviation : tracked.deviations) found[deviation.line->id] = &deviation;
    const auto data_of = [](const Deviation& deviation) {
        Json data{
            {"plan", deviation.plan}, {"kind", deviation.kind}, {"procedure", deviation.line->id}};
        if (deviation.agreed) data["agreed"] = to_json_value(*deviation.agreed);
        if (deviation.charged) data["charged"] = to_json_value(*deviation.charged);
        return data;
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
                if (hidden || same_but(told.data, data_of(*still->second), {"patient"})) return;
            }
            Json data = told.data;
            const std::string plan = BodyFields(data).text("plan"),
                              patient = BodyFields(data).text("patient");
            Draft& draft =
                change.drafts.add("plan.deviation.withdrawn", change.now(), data, told.data);
            draft.entity(line)
                .about("plan/" + plan)
                .with(change.gate.fallen(told.leaves, patient))
                .of_patient(patient);
            const Standing* procedure = change.before.find("procedure/" + line);
            if (procedure != nullptr) {
                const auto performed =
                    BodyFields(procedure->data.at("procedure")).time("performed_at");
                if (performed) draft.at(*performed, change.row_of(line));
            }
            draft.event.source = change.typed.mis_source;
            draft.event.record_id = line;
        }
    );
    for (const Deviation& deviation : tracked.deviations) {
        const Permission permission = permission_for(deviation);
        const Standing* told = change.told("deviation/" + deviation.line->id, permission);
        Json data = data_of(deviation);
        if (told != nullptr && same_but(told->data, data, {"patient"})) continue;
        const Line& line = *deviation.line;
        Draft& draft = change.drafts.add("plan.deviation.found", line.performed_at, data, data);
        draft.entity(line.id)
            .about("plan/" + deviation.plan)
            .at(line.performed_at, line.key.source_id);
        draft.with(permission).of_patient(line.patient);
        draft.event.source = line.key.source;
        draft.event.record_id = line.id;
    }
}

void announce_orders(Change& change, const Tracked&) {
    const auto add = [&](const std::string& type, const Order& order, Json data) {
        data["order"] = order.id;
        Draft& draft = change.drafts.add(type, change.now(), data, data);
        draft.entity(order.id)
            .about("order/" + order.id)
            .at(order.placed_at, order.id)
            .with(change.gate.order(order));
        if (!order.patient.empty()) draft.of_patient(order.patient);
    };
    for (const Order& order : change.orders.all) {
        const Permission permission = change.gate.order(order);
        if (order.patient.empty()) {
            if (order.cancelled_at) continue;
            const Standing* told = change.told("waiting/" + order.id, permission);
            const bool same =
                told != nullptr && told->data.value("candidates", 0u) == order.candidates;
            if (!same) add("order.waiting", order, Json{{"candidates", order.candidates}});
            continue;
        }
        const Standing* told = change.told("order/" + order.id, permission);
        if (told != nullptr && BodyFields(told->data).text("patient") == order.patient) continue;
        add("order.linked", order, Json{{"ground", order.link_ground}, {"patient", order.patient}});
    }
    for_each_standing(change.before, "order/", [&](const std::string& id, const Standing& told) {
        const Order* order = change.orders.find(id);
        if (order != nullptr && !order->patient.empty()) return;
        const std::string patient = BodyFields(told.data).text("patient");
        Json data{{"order", id}};
        Draft& draft = change.drafts.add("order.unlinked", change.now(), data, data);
        draft.entity(id)
            .about("order/" + id)
            .with(change.gate.fallen(told.leaves, patient))
            .of_patient(patient);
        draft.source_id = id;
    });
}

std::set<std::string> announce_conclusions(Change& change, const Tracked& tracked) {
    std::set<std::string> stated;
    for (const Plan& plan : tracked.plans) {
        const Permission permission = permission_of(change, plan);
        const auto add = [&](const std::string& type, Json data, const Json& identity, int turn) {
            Draft& draft = change.drafts.add(type, change.now(), std::move(data), identity);
            draft.entity(plan.id)
                .about("plan/" + plan.id)
                .at(plan.opened_at, plan.id)
                .with(permission);
            draft.of_patient(plan.patient).turn = turn;
            draft.event.source = change.typed.mis_source;
            return &draft;
        };
        for (const std::string& stage : plan.stages) {
            if (change.told("stage/" + plan.id + "/" + stage, permission) != nullptr) continue;
            Json data{{"plan", plan.id}, {"stage", stage}};
            const Json identity = data;
            data["progress"] = progress_json(plan.progress);
            add("plan.stage.reached", std::move(data), identity, rank_of_stage(stage));
            if (plan.is_order()) stated.insert(plan.order);
        }
        if (!plan.closed()) continue;
        const std::string reason = plan.ends_at ? plan.end_reason : "completed";
        const Standing* told = change.told("plan/" + plan.id, permission);
        if (told == nullptr || !told->data.value("closed", false)) {
            Json summary = json_of(plan);
            if (summary["items"].size() > kItemsInOneEvent) summary.erase("items");
            summary["version"] = 1;
            if (told != nullptr) summary["version"] = told->data.at("plan").value("version", 1);
            if (const Standing* now = change.drafts.after().find("plan/" + plan.id)) {
                summary["version"] = now->data.at("plan").value("version", 1);
            }
            const Json identity{{"plan", plan.id}, {"reason", reason}};
            Json data{
                {"plan", summary}, {"reason", reason}, {"progress", progress_json(plan.progress)}};
            add("plan.closed", std::move(data), identity, 0);
        }
        if (!plan.is_order() || change.told("order_closed/" + plan.order, permission) != nullptr)
            continue;
        stated.insert(plan.order);
        Json data{{"order", plan.order}, {"reason", reason}};
        Draft* draft = add("order.closed", data, data, 0);
        draft->entity(plan.order).about("order/" + plan.order);
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
    }
    close_vanished_plans(change, tracked);
    return stated;
}

}  // namespace mis::domain
