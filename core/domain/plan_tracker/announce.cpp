#include "domain/plan_tracker/announce.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"
#include "domain/plan_tracker/plan_text.hpp"
#include "domain/plan_tracker/stages.hpp"
#include "domain/replaced_rows.hpp"

namespace mis::domain {
namespace {

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
    const std::vector<JsonText> texts_ = texts_of_items(plan_);
    std::string progress_;  // once it was asked for

    const std::string& progress() {
        if (progress_.empty()) progress_ = progress_json(plan_.progress);
        return progress_;
    }

    Draft& add(const std::string& type, const Timestamp& time, JsonText data, JsonText identity) {
        Draft& draft = add_named(type, time, std::move(data), std::move(identity));
        draft.of_patient(plan_.patient);
        return draft;
    }

    // Data that names the patient already.
    Draft& add_named(
        const std::string& type, const Timestamp& time, JsonText data, JsonText identity
    ) {
        Draft& draft = change_.drafts.add(type, time, std::move(data), std::move(identity));
        draft.entity(plan_.id)
            .about("plan/" + plan_.id)
            .at(plan_.opened_at, plan_.row())
            .with(permission_)
            .of_named_patient(plan_.patient);
        draft.event.source = plan_.source;
        draft.event.record_id = plan_.is_order() ? "" : plan_.id;
        return draft;
    }

    void announce_versions() {
        const JsonText head = head_of(plan_);
        const auto items = listed_items(plan_, texts_);
        const std::string list = list_of(items, 0, items.size());
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
            if (const JsonView known = was.find("items"); known.raw() != list)
                changed = changed_items(known.elements(), items, plan_);
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
        for (std::size_t part = 0; part < parts; ++part) {
            JsonText now = head;
            now.set("items", list);
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
            data.raw("plan", now.text()).string("reason", reason);
            if (part + 1 == parts) data.raw("progress", progress());  // totals in the last
            if (type == "plan.changed" || !changed.empty())
                data.raw("changed", canonical_json(changed));
            if (parts > 1) {
                const auto nth = static_cast<std::int64_t>(part + 1);
                data.integer("part", nth).integer("parts", static_cast<std::int64_t>(parts));
                identity.integer("part", nth);
            }
            const bool first = reason == "new";
            Draft& draft =
                add(type, first ? plan_.opened_at : change_.now(), std::move(data).text(),
                    std::move(identity).text());
            draft.stands_as("plan/" + plan_.id).turn = static_cast<int>(part);
            const bool by_mis = reason == "merged" || reason == "tooth_removed" ||
                                (reason == "reopened" && changed.empty());
            if (by_mis)
                draft.event.source = source_of(plan_, change_);
            else if (!plan_.amended_by.empty())
                draft.event.data.set_string("request", plan_.amended_by);
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
        std::string key = key_of_item(item.id);
        const Standing* told = change_.told(key, permission_);
        const std::string before = told == nullptr ? "planned" : told->data.find("after").string();
        const std::string after(to_string(item.status));
        if (before == after) return;
        if (item.declined && item.status == ItemStatus::voided && told == nullptr &&
            !was_listed(item.id))
            return;  // nobody was ever told of it
        const bool by_line = item.by != nullptr && item.status >= ItemStatus::in_progress;
        ItemChange said{before, after, {}, {}, {}};
        if (item.status == ItemStatus::voided) said.reason = &item.void_reason;
        if (by_line && !stays_behind(*item.by)) said.procedure = &item.by->id;
        if (item.visit != nullptr) said.appointment = &item.visit->id;
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
        Draft& draft = add_item(
            type, time, said, texts_[static_cast<std::size_t>(turn)], item.id, item.by, turn
        );
        draft.stands_as(std::move(key));
        if (item.status == ItemStatus::scheduled) {
            draft.event.source = item.visit->key.source;
        } else if (type == "plan.item.reopened" && !withdrawn_by_exchange(before, told)) {
            draft.event.source = source_of(plan_, change_);
        }
    }

    static bool withdrawn_by_exchange(const std::string& before, const Standing* told) {
        return before == "void" && told != nullptr &&
               told->data.find("reason").string() != "tooth_removed";
    }

    // X1: the plan leaves, the line does not, and neither does its name.
    bool stays_behind(const Line& line) const {
        return permission_.allowed() &&
               !change_.gate.record(line.patient, line.performed_at).allowed();
    }

    bool was_listed(const std::string& id) const {
        if (told_ == nullptr) return false;
        const auto items = told_->data.find("plan").find("items").elements();
        return std::any_of(items.begin(), items.end(), [&](JsonView item) {
            return item.find("id").string() == id;
        });
    }

    struct ItemChange {  // what gives the event its identity, but for the item
        std::string_view before, after;
        const std::string *reason, *procedure, *appointment;  // null: not said
    };

    std::string key_of_item(const std::string& id) const {
        std::string key;
        key.reserve(plan_.id.size() + id.size() + 6);
        key += "item/";
        key += plan_.id;
        key += '/';
        return key += id;
    }

    // `progress`: of the data, which names the patient too; empty: the identity.
    JsonText text_of_change(const ItemChange& said, const JsonText& item, std::string_view progress)
        const {
        JsonFields out(item.text().size() + progress.size() + 300);
        out.string("after", said.after);
        if (said.appointment != nullptr) out.string("appointment", *said.appointment);
        out.string("before", said.before).raw("item", item.text());
        if (!progress.empty() && !plan_.patient.empty()) out.string("patient", plan_.patient);
        out.string("plan", plan_.id);
        if (said.procedure != nullptr) out.string("procedure", *said.procedure);
        if (!progress.empty()) out.raw("progress", progress);
        if (said.reason != nullptr) out.string("reason", *said.reason);
        return std::move(out).text();
    }

    Draft& add_item(
        const std::string& type, const Timestamp& time, const ItemChange& said,
        const JsonText& item, const std::string& id, const Line* by, int turn
    ) {
        JsonText in_state = item;
        in_state.set_string("state", said.after);
        Draft& draft = add_named(
            type, time, text_of_change(said, in_state, progress()), text_of_change(said, item, {})
        );
        draft.entity(plan_.id + "/" + id);
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
            const Standing* told = change_.told(key_of_item(id), permission_);
            const std::string before =
                told == nullptr ? "planned" : told->data.find("after").string();
            if (before == "void") continue;
            const std::string reason = "removed";
            const ItemChange said{before, "void", &reason, nullptr, nullptr};
            add_item("plan.item.voided", change_.now(), said, JsonText::of(was), id, nullptr, 1000);
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
                data.set("progress", progress());
                Draft& draft =
                    add("plan.stage.withdrawn", change_.now(), std::move(data),
                        std::move(identity));
                const bool covered = permission_.allowed() || told.leaves == Export::withheld;
                draft.with(covered ? change_.gate.fallen(told.leaves, plan_.patient) : Permission{})
                    .turn = rank_of_stage(stage);
                draft.event.source = source_of(plan_, change_);
            }
        );
    }
};

}  // namespace

Permission permission_of(const Change& change, const Plan& plan) {
    if (!plan.is_order()) return change.gate.record(plan.patient, plan.opened_at);
    const Order* order = change.orders.find(plan.order);
    return order == nullptr ? Permission{} : change.gate.order(*order);
}

const std::string& source_of(const Plan& plan, const Change& change) {
    return plan.is_order() ? change.typed.mis_source : plan.key.source;
}

void announce_plans(Change& change, const Tracked& tracked) {
    for (const Plan& plan : tracked.plans) PlanAnnouncer(change, plan).announce();
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

}  // namespace mis::domain
