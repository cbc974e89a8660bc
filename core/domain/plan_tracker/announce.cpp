#include "domain/plan_tracker/announce.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"
#include "domain/plan_tracker/stages.hpp"
#include "domain/replaced_rows.hpp"

namespace mis::domain {
namespace {

constexpr std::size_t kItemsInOneEvent = 60;  // an event stays under 20 kB

JsonText text_of(const PlanItem& item) {
    JsonFields out;
    out.string("id", item.id).raw("teeth", canonical_json(item.teeth));
    out.string("quantity", item.quantity.to_string());
    out.integer("stage", item.stage).integer("position", item.position);
    if (!item.work.service_code.empty()) out.string("service_code", item.work.service_code);
    if (item.work.nomenclature.empty())
        out.null("nomenclature");
    else
        out.string("nomenclature", item.work.nomenclature);
    if (item.total) out.money("total", *item.total);
    return out.text();
}

std::string list_of(const std::vector<std::string>& raw, std::size_t from, std::size_t to) {
    std::string list = "[";
    for (std::size_t i = from; i < to; ++i) {
        if (i > from) list += ',';
        list += raw[i];
    }
    return list += ']';
}

std::vector<std::string> listed_items(const Plan& plan) {
    std::vector<std::string> items;
    for (const PlanItem& item : plan.items) {
        if (!item.declined) items.push_back(text_of(item).text());
    }
    return items;
}

// Without its items.
JsonText head_of(const Plan& plan) {
    JsonFields out;
    out.string("id", plan.id);
    if (plan.is_order()) out.string("order", plan.order);
    for (const std::string_view field : {"practitioner", "created_on"}) {
        const JsonView value = plan.header.find(field);
        if (!value.absent()) out.raw(field, std::string(value.raw()));
    }
    return out.text();
}

// A new mapping changes what a code means, not what was agreed; in an order the place is only where
// the list has the item.
bool same_item(JsonView a, JsonView b, const Plan& plan) {
    const std::string_view place = plan.is_order() ? "position" : "";
    return a.find("service_code").absent() ? same_but(a, b, {place})
                                           : same_but(a, b, {"nomenclature", place});
}

std::vector<std::string> changed_items(
    const std::vector<JsonView>& before, const std::vector<std::string>& after, const Plan& plan
) {
    std::map<std::string, JsonView> old;
    for (const JsonView item : before) old[item.find("id").string()] = item;
    std::vector<std::string> changed;
    for (const std::string& text : after) {
        const JsonView item(text);
        std::string id = item.find("id").string();
        const auto was = old.find(id);
        const bool same = was != old.end() && same_item(was->second, item, plan);
        if (was != old.end()) old.erase(was);
        if (!same) changed.push_back(std::move(id));
    }
    for (const auto& [id, item] : old) changed.push_back(id);
    return changed;
}

int version_of(const Standing& told) {
    return static_cast<int>(told.data.find("plan").find("version").integer().value_or(1));
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

    Draft& add(const std::string& type, const Timestamp& time, JsonText data, JsonText identity) {
        Draft& draft = change_.drafts.add(type, time, std::move(data), std::move(identity));
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
        const JsonText head = head_of(plan_);
        const auto items = listed_items(plan_);
        std::string type, reason;
        std::vector<std::string> changed;
        int version = 1;
        if (told_ == nullptr) {
            type = "plan.opened";
            reason = "new";
        } else {
            const JsonView was = told_->data.find("plan");
            version = version_of(*told_);
            const bool moved = told_->data.find("patient").string() != plan_.patient;
            changed = changed_items(was.find("items").elements(), items, plan_);
            const bool differs =
                !changed.empty() || moved || !same_but(was, head.view(), {"version", "items"});
            const bool reopened =
                told_->data.find("closed").boolean().value_or(false) && !plan_.closed();
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
        const std::size_t parts =
            std::max<std::size_t>(1, (items.size() + kItemsInOneEvent - 1) / kItemsInOneEvent);
        const std::string progress = progress_json(plan_.progress);
        for (std::size_t part = 0; part < parts; ++part) {
            JsonText now = head;
            now.set("items", list_of(items, 0, items.size()));
            JsonFields identity;
            identity.raw("plan", now.text()).string("reason", reason);
            now.set("version", std::to_string(version));
            if (parts > 1) {
                const std::size_t from = part * kItemsInOneEvent;
                now.set(
                    "items", list_of(items, from, std::min(items.size(), from + kItemsInOneEvent))
                );
            }
            JsonFields data;
            data.raw("plan", now.text()).string("reason", reason).raw("progress", progress);
            if (type == "plan.changed" || !changed.empty())
                data.raw("changed", canonical_json(changed));
            if (parts > 1) {
                const auto nth = static_cast<std::int64_t>(part + 1);
                data.integer("part", nth).integer("parts", static_cast<std::int64_t>(parts));
                identity.integer("part", nth);
            }
            const bool first = reason == "new";
            Draft& draft =
                add(type, first ? plan_.opened_at : change_.now(), data.text(), identity.text());
            draft.turn = static_cast<int>(part);
            const bool by_mis = reason == "merged" || reason == "tooth_removed" ||
                                (reason == "reopened" && changed.empty());
            if (by_mis) draft.event.source = change_.typed.mis_source;
        }
    }

    bool only_struck(const std::vector<std::string>& changed) const {
        const auto is_struck = [&](const std::string& id) {
            return std::any_of(plan_.items.begin(), plan_.items.end(), [&](const PlanItem& item) {
                return item.id == id && item.teeth_struck;
            });
        };
        return !changed.empty() && std::all_of(changed.begin(), changed.end(), is_struck);
    }

    void announce(const PlanItem& item, int turn) {
        const Standing* told = change_.told("item/" + plan_.id + "/" + item.id, permission_);
        const std::string before = told == nullptr ? "planned" : told->data.find("after").string();
        const std::string after(to_string(item.status));
        if (before == after) return;
        if (item.declined && told == nullptr && !was_listed(item.id))
            return;  // nobody was ever told of it
        JsonFields data;
        data.string("plan", plan_.id).string("before", before).string("after", after);
        if (item.status == ItemStatus::voided) data.string("reason", item.void_reason);
        const bool by_line = item.by != nullptr && item.status >= ItemStatus::in_progress;
        if (by_line) data.string("procedure", item.by->id);
        if (item.visit != nullptr) data.string("appointment", item.visit->id);
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
        Timestamp time = change_.now();
        if (by_line && type != "plan.item.reopened")
            time = item.by->performed_at;
        else if (item.void_at && item.status == ItemStatus::voided)
            time = *item.void_at;
        Draft& draft = add_item(type, time, std::move(data), text_of(item), after, item.by, turn);
        if (item.status == ItemStatus::scheduled) {
            draft.event.source = item.visit->key.source;
        } else if (type == "plan.item.reopened" && !withdrawn_by_exchange(before, told)) {
            draft.event.source = change_.typed.mis_source;
        }
    }

    static bool withdrawn_by_exchange(const std::string& before, const Standing* told) {
        return before == "void" && told != nullptr &&
               told->data.find("reason").string() != "tooth_removed";
    }

    bool was_listed(const std::string& id) const {
        if (told_ == nullptr) return false;
        const auto items = told_->data.find("plan").find("items").elements();
        return std::any_of(items.begin(), items.end(), [&](JsonView item) {
            return item.find("id").string() == id;
        });
    }

    // `data`: what gives the event its identity, but for the item.
    Draft& add_item(
        const std::string& type, const Timestamp& time, JsonFields data, JsonText item,
        const std::string& after, const Line* by, int turn
    ) {
        JsonText identity = data.text();
        identity.set("item", item.text());
        const std::string entity = plan_.id + "/" + item.find("id").string();
        item.set_string("state", after);
        JsonText told = identity;
        told.set("item", item.text());
        told.set("progress", progress_json(plan_.progress));
        Draft& draft = add(type, time, std::move(told), std::move(identity));
        draft.entity(entity);
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
        for (const JsonView was : told_->data.find("plan").find("items").elements()) {
            const std::string id = was.find("id").string();
            if (present.contains(id)) continue;
            const Standing* told = change_.told("item/" + plan_.id + "/" + id, permission_);
            const std::string before =
                told == nullptr ? "planned" : told->data.find("after").string();
            if (before == "void") continue;
            JsonFields data;
            data.string("plan", plan_.id).string("before", before).string("after", "void");
            data.string("reason", "removed");
            add_item(
                "plan.item.voided", change_.now(), std::move(data), JsonText::of(was), "void",
                nullptr, 1000
            );
        }
    }

    void withdraw_stages() {
        for_each_standing(
            change_.before, "stage/" + plan_.id + "/",
            [&](const std::string& stage, const Standing& told) {
                if (std::find(plan_.stages.begin(), plan_.stages.end(), stage) !=
                    plan_.stages.end())
                    return;
                JsonFields fields;
                JsonText identity = fields.string("plan", plan_.id).string("stage", stage).text();
                JsonText data = identity;
                data.set("progress", progress_json(plan_.progress));
                Draft& draft =
                    add("plan.stage.withdrawn", change_.now(), std::move(data),
                        std::move(identity));
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
        if (!order) draft.event.source = change.typed.mis_source;
    });
}

}  // namespace

std::string progress_json(const Progress& progress) {
    JsonFields all, items, money;
    items.integer("performed", progress.items_performed).integer("total", progress.items_total);
    money.money("performed", progress.money_performed).money("total", progress.money_total);
    all.raw("items", items.text().text()).raw("money", money.text().text());
    return all.money("charged", progress.charged).text().text();
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
        JsonFields data;
        data.string("plan", deviation.plan).string("kind", deviation.kind);
        data.string("procedure", deviation.line->id);
        if (deviation.agreed) data.money("agreed", *deviation.agreed);
        if (deviation.charged) data.money("charged", *deviation.charged);
        return data.text();
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
                if (hidden || same_but(told.data.view(), data.view(), {"patient"})) return;
            }
            const std::string plan = told.data.find("plan").string(),
                              patient = told.data.find("patient").string();
            Draft& draft =
                change.drafts.add("plan.deviation.withdrawn", change.now(), told.data, told.data);
            draft.entity(line)
                .about("plan/" + plan)
                .with(change.gate.fallen(told.leaves, patient))
                .of_patient(patient);
            const Standing* procedure = change.before.find("procedure/" + line);
            if (procedure != nullptr) {
                const auto performed = Timestamp::parse_rfc3339(
                    procedure->data.find("procedure").find("performed_at").string()
                );
                if (performed) draft.at(*performed, change.row_of(line));
            }
            draft.event.source = change.typed.mis_source;
            draft.event.record_id = line;
        }
    );
    for (const Deviation& deviation : tracked.deviations) {
        const Permission permission = permission_for(deviation);
        const Standing* told = change.told("deviation/" + deviation.line->id, permission);
        const JsonText data = data_of(deviation);
        if (told != nullptr && same_but(told->data.view(), data.view(), {"patient"})) continue;
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
                told != nullptr &&
                told->data.find("candidates").integer().value_or(0) == order.candidates;
            if (!same) add("order.waiting", order, Json{{"candidates", order.candidates}});
            continue;
        }
        const Standing* told = change.told("order/" + order.id, permission);
        if (told != nullptr && told->data.find("patient").string() == order.patient) continue;
        add("order.linked", order, Json{{"ground", order.link_ground}, {"patient", order.patient}});
    }
    for_each_standing(change.before, "order/", [&](const std::string& id, const Standing& told) {
        const Order* order = change.orders.find(id);
        if (order != nullptr && !order->patient.empty()) return;
        const std::string patient = told.data.find("patient").string();
        const JsonText data(Json{{"order", id}});
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
        const auto add = [&](const std::string& type, JsonText data, JsonText identity, int turn) {
            Draft& draft =
                change.drafts.add(type, change.now(), std::move(data), std::move(identity));
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
            JsonFields fields;
            const JsonText identity = fields.string("plan", plan.id).string("stage", stage).text();
            JsonText data = identity;
            data.set("progress", progress_json(plan.progress));
            add("plan.stage.reached", std::move(data), identity, rank_of_stage(stage));
            if (plan.is_order()) stated.insert(plan.order);
        }
        if (!plan.closed()) continue;
        const std::string reason = plan.ends_at ? plan.end_reason : "completed";
        const Standing* told = change.told("plan/" + plan.id, permission);
        if (told == nullptr || !told->data.find("closed").boolean().value_or(false)) {
            JsonText summary = head_of(plan);
            const auto items = listed_items(plan);
            if (items.size() <= kItemsInOneEvent)
                summary.set("items", list_of(items, 0, items.size()));
            const Standing* now = change.drafts.after().find("plan/" + plan.id);
            if (now == nullptr) now = told;
            summary.set("version", std::to_string(now == nullptr ? 1 : version_of(*now)));
            JsonFields identity, data;
            identity.string("plan", plan.id).string("reason", reason);
            data.raw("plan", summary.text()).string("reason", reason);
            data.raw("progress", progress_json(plan.progress));
            add("plan.closed", data.text(), identity.text(), 0);
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
