#include "domain/plan_tracker/tracker.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "domain/plan_tracker/approvals.hpp"
#include "domain/plan_tracker/matching.hpp"
#include "domain/plan_tracker/stages.hpp"

namespace mis::domain {
namespace {

Plan plan_of(const Order& order, const Rules& rules) {
    Plan plan;
    plan.id = order.plan_id;
    plan.order = order.id;
    plan.patient = order.patient;
    plan.opened_at = order.placed_at;
    plan.day = rules.clinic_zone.date_of(order.placed_at);
    plan.ends_at = order.cancelled_at;
    plan.end_reason = "cancelled";
    plan.amended_by = order.amended_by;
    plan.ended_by = order.cancelled_by;
    for (const OrderItem& agreed : order.items) {
        PlanItem item;
        item.id = item.named_as = agreed.id;
        item.stage = agreed.stage;
        item.position = agreed.position;
        item.work = agreed.work;
        item.teeth = agreed.teeth;
        item.quantity = agreed.quantity;
        item.total = agreed.total;
        item.void_at = agreed.void_at;
        item.void_reason = agreed.void_reason;
        item.declined = agreed.void_reason == "declined";
        plan.items.push_back(std::move(item));
    }
    return plan;
}

Plan plan_of(
    const PlanRecord& record, const std::vector<PlanItemRecord>& items, const Rules& rules
) {
    Plan plan;
    plan.id = record.id;
    plan.key = record.key;
    plan.source = record.key.source;
    plan.patient = record.patient;
    plan.day = record.created_on;
    plan.opened_at = rules.clinic_zone.start_of_day(record.created_on);
    plan.header = record.exported;
    if (!record.active) {
        plan.ends_at = record.changed_at;
        plan.end_reason = "inactive";
    }
    for (const PlanItemRecord& agreed : items) {
        if (agreed.key.source != record.key.source || agreed.plan_source_id != record.key.source_id)
            continue;
        PlanItem item;
        item.id = agreed.id;
        item.named_as = agreed.key.source_id;
        item.stage = agreed.stage;
        item.position = agreed.position;
        item.work = agreed.work;
        item.teeth = agreed.teeth;
        item.quantity = agreed.quantity;
        item.total = agreed.total;
        plan.items.push_back(std::move(item));
    }
    return plan;
}

class Tracker {
  public:
    Tracker(
        const Rules& rules, const Approvals& approvals, const RequiresApproval& requires_approval,
        const std::vector<PlanItemRecord>& items_of_mis
    )
        : rules_(rules), approvals_(approvals), requires_approval_(requires_approval) {
        for (const PlanItemRecord& item : items_of_mis)
            items_of_mis_.insert({item.key.source, item.key.source_id});
    }

    void add(Plan plan) {
        for (PlanItem& item : plan.items) {
            if (!item.quantity.is_positive()) item.quantity = Decimal(1, 0);
            if (item.teeth.size() > 1) item.settled_on.resize(item.teeth.size());
        }
        const auto earlier = [](const PlanItem& a, const PlanItem& b) {
            return std::tie(a.stage, a.position) < std::tie(b.stage, b.position);
        };
        if (!std::is_sorted(plan.items.begin(), plan.items.end(), earlier))
            std::stable_sort(plan.items.begin(), plan.items.end(), earlier);
        consulted_.push_back(false);
        tracked_.plans.push_back(std::move(plan));
    }

    void take(const Line& line) {
        std::vector<std::size_t> open;
        for (std::size_t p = 0; p < tracked_.plans.size(); ++p) {
            Plan& plan = tracked_.plans[p];
            if (plan.patient != line.patient) continue;
            void_until(plan, &line.performed_at);
            if (is_open_for(plan, line)) open.push_back(p);
        }
        if (open.empty()) return;
        if (!line.warranty) settle_in(open, line);  // P6: rework settles nothing, yet it is done
        if (line.in_progress || line.work.entry == nullptr) return;
        for (const std::size_t p : open) {
            if (line.work.entry->is_extraction) strike_teeth(tracked_.plans[p], line);
            if (line.work.in_group(WorkGroup::consultation)) consulted_[p] = true;
        }
    }

    Tracked finish(const std::vector<Appointment>& visits) {
        for (std::size_t p = 0; p < tracked_.plans.size(); ++p) {
            Plan& plan = tracked_.plans[p];
            void_until(plan, nullptr);
            for (PlanItem& item : plan.items) schedule(plan, item, visits);
            conclude(plan, consulted_[p] ? Consulted::yes : Consulted::no);
        }
        return std::move(tracked_);
    }

  private:
    const Rules& rules_;
    const Approvals& approvals_;
    const RequiresApproval& requires_approval_;
    std::set<std::pair<std::string_view, std::string_view>> items_of_mis_;  // source, source_id
    Tracked tracked_;
    std::vector<bool> consulted_;  // by plan: a consultation was performed while it was open

    void settle_in(const std::vector<std::size_t>& open, const Line& line) {
        std::vector<Match> matches;
        for (const std::size_t p : open) {
            const Plan& plan = tracked_.plans[p];
            if (plan.is_order() &&
                items_of_mis_.contains({line.key.source, line.plan_item_source_id})) {
                Line unnamed = line;  // what the MIS names is its own item, though an order's may
                                      // be called the same
                unnamed.plan_item_source_id.clear();
                matches.push_back(match(plan, unnamed, rules_.groups));
            } else {
                matches.push_back(match(plan, line, rules_.groups));
            }
        }
        if (!line.in_progress) find_deviation(line, open, matches);
        for (std::size_t i = 0; i < open.size(); ++i) settle(line, open[i], matches[i]);
    }

    static void void_until(Plan& plan, const Timestamp* until) {
        for (PlanItem& item : plan.items) {
            if (!item.void_at || !item.open() || (until != nullptr && *item.void_at > *until))
                continue;
            item.status = ItemStatus::voided;
            item.by = nullptr;
        }
    }

    static bool is_open_for(const Plan& plan, const Line& line) {
        if (line.day < plan.day || (plan.ends_at && line.performed_at >= *plan.ends_at))
            return false;
        return plan.has_open_item() || !plan.has_performed_item();
    }

    void settle(const Line& line, std::size_t p, const Match& found) {
        Plan& plan = tracked_.plans[p];
        for (const Match::Part& part : found.parts) {
            PlanItem& item = plan.items[part.item];
            item.by = &line;
            item.started = true;
            item.settled = item.settled + part.quantity;
            for (const auto& [tooth, quantity] : part.on)
                item.settled_on[tooth] = item.settled_on[tooth] + quantity;
            item.status =
                item.left().is_positive() ? ItemStatus::in_progress : ItemStatus::performed;
            tracked_.settlements[line.id].push_back(Settlement{p, part.item, part.quantity});
        }
        if (found.parts.empty() || line.in_progress) return;
        const auto sum =
            std::find_if(plan.charged.begin(), plan.charged.end(), [&](const Money& other) {
                return other.currency == line.total.currency;
            });
        if (sum == plan.charged.end())
            plan.charged.push_back(line.total);
        else
            *sum += line.total;
    }

    // P4. A lost tooth takes its share of an item's quantity and agreed sum along, and a tooth that
    // was settled keeps them.
    static void strike_teeth(Plan& plan, const Line& line) {
        for (const std::string& tooth : line.teeth) {
            for (PlanItem& item : plan.items) {
                const auto at = std::find(item.teeth.begin(), item.teeth.end(), tooth);
                if (at == item.teeth.end() || !item.open()) continue;
                if (item.work.entry != nullptr && item.work.entry->survives_extraction) continue;
                if (item.teeth.size() == 1) {
                    item.status = ItemStatus::voided;
                    item.void_reason = "tooth_removed";
                    item.by = &line;
                    continue;
                }
                const std::ptrdiff_t place = at - item.teeth.begin();
                if (item.left_on(static_cast<std::size_t>(place)).is_positive())
                    strike(item, place);
            }
        }
    }

    static void strike(PlanItem& item, std::ptrdiff_t place) {
        const auto teeth = item.teeth.size();
        if (item.total) {
            if (item.tooth_totals.empty()) {
                const std::vector<std::int64_t> equal(teeth, 1);
                for (const std::int64_t share :
                     share_by_largest_remainder(item.total->minor, equal))
                    item.tooth_totals.push_back(Money{share, item.total->currency});
            }
            *item.total -= item.tooth_totals[static_cast<std::size_t>(place)];
            item.tooth_totals.erase(item.tooth_totals.begin() + place);
        }
        item.quantity = item.quantity - item.quantity.divided_by(static_cast<std::int64_t>(teeth));
        item.settled = item.settled - item.settled_on[static_cast<std::size_t>(place)];
        item.settled_on.erase(item.settled_on.begin() + place);
        item.teeth.erase(item.teeth.begin() + place);
        if (item.teeth.size() == 1) item.settled_on.clear();
        item.teeth_struck = true;
        if (item.started && !item.left().is_positive()) item.status = ItemStatus::performed;
    }

    static void schedule(const Plan& plan, PlanItem& item, const std::vector<Appointment>& visits) {
        if (item.status != ItemStatus::planned) return;
        for (const Appointment& visit : visits) {
            const bool coming = visit.status == "booked" || visit.status == "confirmed" ||
                                visit.status == "arrived" || visit.status == "in_progress";
            if (!coming || visit.patient != plan.patient) continue;
            if (!plan.is_order() && visit.key.source != plan.source) continue;
            const auto& named = visit.plan_item_source_ids;
            if (std::find(named.begin(), named.end(), item.named_as) == named.end()) continue;
            item.status = ItemStatus::scheduled;
            item.visit = &visit;
            return;
        }
    }

    // In one of its plans the work, or every item that the line settles there.
    bool approved(
        const Line& line, const std::vector<std::size_t>& open, const std::vector<Match>& matches
    ) const {
        for (std::size_t i = 0; i < open.size(); ++i) {
            const Plan& plan = tracked_.plans[open[i]];
            const auto& parts = matches[i].parts;
            const auto covered = [&](const Match::Part& part) {
                return approvals_.covers(plan, line.work, &plan.items[part.item]);
            };
            if (parts.empty() ? approvals_.covers(plan, line.work, nullptr)
                              : std::all_of(parts.begin(), parts.end(), covered))
                return true;
        }
        return false;
    }

    // The earliest order of whose items the line settles some.
    std::string settled_order(
        const std::vector<std::size_t>& open, const std::vector<Match>& matches
    ) const {
        for (std::size_t i = 0; i < open.size(); ++i) {
            const Plan& plan = tracked_.plans[open[i]];
            if (!plan.is_order()) continue;
            for (const Match::Part& part : matches[i].parts)
                if (part.quantity > Decimal(0, 0)) return plan.order;
        }
        return {};
    }

    const Plan& named_plan(const std::vector<std::size_t>& open
    ) const {  // the latest order's, else the latest of the MIS
        const Plan* named = &tracked_.plans[open.front()];
        for (const std::size_t p : open) {
            const Plan& plan = tracked_.plans[p];
            if (plan.is_order() || !named->is_order()) named = &plan;
        }
        return *named;
    }

    void find_deviation(
        const Line& line, const std::vector<std::size_t>& open, const std::vector<Match>& matches
    ) {
        bool touched = false, tooth_missing = false, other_tooth = false;
        for (const Match& found : matches) {
            touched = touched || !found.parts.empty();
            tooth_missing = tooth_missing || found.miss == MissReason::tooth_missing;
            other_tooth = other_tooth || found.miss == MissReason::other_tooth;
        }
        Deviation deviation;
        deviation.line = &line;
        deviation.charged = line.total;
        if (!touched && line.work.in_group(WorkGroup::accompanying)) {
            deviation.kind = "accompanying";
        } else if (requires_approval_(line, settled_order(open, matches)) && !approved(line, open, matches)) {
            deviation.kind = "not_approved";
        } else if (!touched && tooth_missing) {
            deviation.kind = "tooth_missing";
        } else if (!touched && other_tooth) {
            deviation.kind = "tooth";
        } else if (!touched) {
            deviation.kind = "unplanned";
        } else if (const auto agreed = agreed_less_than(line, open, matches)) {
            deviation.kind = "price";
            deviation.agreed = agreed;
        } else {
            return;
        }
        const Plan& plan = named_plan(open);
        deviation.plan = plan.id;
        deviation.order = plan.order;
        tracked_.deviations.push_back(std::move(deviation));
    }

    // The agreed sum of what the line settles, where the line is dearer. Judged in the first plan,
    // orders first, whose items it settles and which states what they cost.
    std::optional<Money> agreed_less_than(
        const Line& line, const std::vector<std::size_t>& open, const std::vector<Match>& matches
    ) const {
        for (std::size_t i = 0; i < open.size(); ++i) {
            const Plan& plan = tracked_.plans[open[i]];
            std::optional<Money> sum;
            bool stated = !matches[i].parts.empty();
            for (const Match::Part& part : matches[i].parts) {
                const PlanItem& item = plan.items[part.item];
                const bool usable = item.total && item.total->currency == line.total.currency &&
                                    part.quantity.is_positive();
                if (!usable) {
                    stated = false;
                    break;
                }
                const Money share = pro_rata(*item.total, part.quantity, item.quantity);
                sum = sum ? *sum + share : share;
            }
            if (stated) return *sum < line.total ? sum : std::nullopt;
        }
        return std::nullopt;
    }
};

}  // namespace

Tracked track_plans(
    const TypedFacts& typed, const Orders& orders, const GroupFacts& facts, const Rules& rules,
    const RequiresApproval& requires_approval
) {
    const Approvals approvals(facts.messages);
    Tracker tracker(rules, approvals, requires_approval, typed.plan_items);
    for (const Order& order : orders.all) {
        if (!order.patient.empty()) tracker.add(plan_of(order, rules));
    }
    for (const PlanRecord& record : typed.plans)
        tracker.add(plan_of(record, typed.plan_items, rules));
    for (const Line& line : typed.lines) tracker.take(line);
    return tracker.finish(typed.appointments);
}

}  // namespace mis::domain
