// Plans and what became of their items (P1–P8): pure values, derived anew on every
// evaluation.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/orders.hpp"
#include "domain/plan_tracker/fraction.hpp"

namespace mis::domain {

enum class ItemStatus { planned, scheduled, in_progress, performed, voided };  // "void" on the wire
std::string_view to_string(ItemStatus status);

struct PlanItem {
    // what was agreed
    std::string id;        // the exchange's own for orders, else the public id
    std::string named_as;  // what a plan_item_source_id names it
    int stage = 1, position = 0;
    Work work;
    std::vector<std::string> teeth;
    Fraction quantity;
    std::optional<Money> total;
    std::optional<Timestamp> void_at;
    std::string void_reason;
    bool declined = false;  // left out of the plan's current version
    // what became of it
    ItemStatus status = ItemStatus::planned;
    Fraction settled;
    std::vector<Fraction> settled_on;  // by tooth, where there are several; else empty
    bool started = false;
    const Line* by = nullptr;  // the line that settled or started it last, or extracted its tooth
    const Appointment* visit = nullptr;  // that schedules it
    bool teeth_struck = false;
    std::vector<Money> tooth_totals;  // of the teeth left, once one of them was struck out

    bool open() const { return status != ItemStatus::performed && status != ItemStatus::voided; }
    Fraction left() const { return quantity - settled; }
    // P3: a tooth is settled when quantity ÷ number of teeth is done on it.
    Fraction left_on(std::size_t tooth) const {
        if (settled_on.empty()) return left();
        return quantity.divided_by(static_cast<std::int64_t>(teeth.size())) - settled_on[tooth];
    }
};

struct Progress {
    int items_performed = 0, items_total = 0;
    Money money_performed, money_total, charged;
    std::vector<Money> charged_apart;  // in other currencies than the plan's (P8)
};

struct Plan {
    std::string id, order, patient, source;  // source empty: the exchange's
    RecordKey key;                           // of the MIS record; empty for orders
    Date day;                                // open from this clinic day on
    Timestamp opened_at;
    std::optional<Timestamp> ends_at;  // cancelled, or made inactive in the MIS
    std::string end_reason;
    std::string amended_by, ended_by;  // the exchange's messages that did
    JsonText header;                   // exported fields of a MIS plan
    std::vector<PlanItem> items;       // by stage, position, id
    std::vector<std::string> stages;   // reached, in P7's order
    bool completed = false;
    const Line* completed_by = nullptr;
    std::vector<Money> charged;  // per currency, in the order in which they first came
    Progress progress;

    bool is_order() const { return !order.empty(); }
    const std::string& row() const {  // D3's ties
        return is_order() ? order : key.source_id;
    }
    bool has_open_item() const;
    bool has_performed_item() const;
    bool closed() const { return completed || ends_at.has_value(); }
};

struct Settlement {  // what a line did to one item
    std::size_t plan = 0, item = 0;
    Fraction quantity;  // 0: started it
};

struct Deviation {
    const Line* line = nullptr;
    std::string plan, order, kind;
    std::optional<Money> agreed, charged;
};

struct Tracked {
    std::vector<Plan> plans;  // orders' first, earliest first; then the MIS's own
    std::map<std::string_view, std::vector<Settlement>> settlements;  // by line id
    std::vector<Deviation> deviations;  // in D1's order of their lines

    const Plan* plan_of_order(std::string_view order) const;
    // The order's item that a charge of this line names, of the earliest order; nullptr: none.
    const PlanItem* charged_item(const std::string& line_id, std::string* order) const;
    // The earliest order of whose items the line settles some, and not only starts; empty: none.
    std::string settled_order(const std::string& line_id) const;
};

}  // namespace mis::domain
