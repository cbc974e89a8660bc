#include "domain/plan_tracker/stages.hpp"

#include <algorithm>
#include <array>

namespace mis::domain {
namespace {

constexpr std::array<std::string_view, 8> kStages{
    "consultation_done", "therapy_done", "surgery_done",      "prosthetics_done",
    "implant_done",      "hygiene_done", "orthodontics_done", "completed"};
constexpr std::array<WorkGroup, 6> kGroups{WorkGroup::therapy,     WorkGroup::surgery,
                                           WorkGroup::prosthetics, WorkGroup::implant,
                                           WorkGroup::hygiene,     WorkGroup::orthodontics};

// After a cancellation no new stage is reached: what it voided counts as open.
bool is_left_undone(const PlanItem& item) {
    return item.open() ||
           (item.status == ItemStatus::voided && item.void_reason == kVoidByCancellation);
}

template <typename Counts>
bool is_done(const Plan& plan, const Counts& counts) {
    bool performed = false;
    for (const PlanItem& item : plan.items) {
        if (!counts(item)) continue;
        if (is_left_undone(item)) return false;
        performed = performed || item.status == ItemStatus::performed;
    }
    return performed;
}

// What was charged in the plan's currency, that of its agreed sums, else of its first charge; the
// others apart.
void tell_charged(const Plan& plan, Progress& progress, bool has_totals) {
    progress.charged = Money{0, progress.money_total.currency};
    if (!has_totals && !plan.charged.empty())
        progress.charged.currency = plan.charged.front().currency;
    for (const Money& sum : plan.charged) {
        if (sum.currency == progress.charged.currency)
            progress.charged = sum;
        else
            progress.charged_apart.push_back(sum);
    }
    std::sort(
        progress.charged_apart.begin(), progress.charged_apart.end(),
        [](const Money& a, const Money& b) { return a.currency < b.currency; }
    );
}

}  // namespace

std::string_view to_string(ItemStatus status) {
    switch (status) {
        case ItemStatus::planned:
            return "planned";
        case ItemStatus::scheduled:
            return "scheduled";
        case ItemStatus::in_progress:
            return "in_progress";
        case ItemStatus::performed:
            return "performed";
        case ItemStatus::voided:
            return "void";
    }
    return "planned";
}

bool Plan::has_open_item() const {
    for (const PlanItem& item : items) {
        if (item.open()) return true;
    }
    return false;
}

bool Plan::has_performed_item() const {
    for (const PlanItem& item : items) {
        if (item.status == ItemStatus::performed) return true;
    }
    return false;
}

const Plan* Tracked::plan_of_order(std::string_view order) const {
    for (const Plan& plan : plans) {
        if (plan.is_order() && plan.order == order) return &plan;
    }
    return nullptr;
}

const PlanItem* Tracked::charged_item(const std::string& line_id, std::string* order) const {
    const auto found = settlements.find(line_id);
    if (found == settlements.end()) return nullptr;
    for (const Settlement& one : found->second) {
        if (!plans[one.plan].is_order()) continue;
        *order = plans[one.plan].order;
        return &plans[one.plan].items[one.item];
    }
    return nullptr;
}

std::string Tracked::settled_order(const std::string& line_id) const {
    const auto found = settlements.find(line_id);
    if (found == settlements.end()) return {};
    for (const Settlement& one : found->second) {
        if (plans[one.plan].is_order() && one.quantity > Decimal(0, 0))
            return plans[one.plan].order;
    }
    return {};
}

int rank_of_stage(std::string_view stage) {
    for (std::size_t i = 0; i < kStages.size(); ++i) {
        if (kStages[i] == stage) return static_cast<int>(i);
    }
    return static_cast<int>(kStages.size());
}

void conclude(Plan& plan, Consulted consulted) {
    if (consulted == Consulted::yes) plan.stages.emplace_back(kStages.front());
    for (std::size_t i = 0; i < kGroups.size(); ++i) {
        const auto of_group = [&](const PlanItem& item) { return item.work.in_group(kGroups[i]); };
        if (is_done(plan, of_group)) plan.stages.emplace_back(kStages[i + 1]);
    }
    plan.completed = is_done(plan, [](const PlanItem&) { return true; });
    if (plan.completed) plan.stages.emplace_back(kStages.back());

    Progress& progress = plan.progress;
    bool first = true;
    for (const PlanItem& item : plan.items) {
        if (item.status == ItemStatus::voided) continue;
        ++progress.items_total;
        if (item.status == ItemStatus::performed) ++progress.items_performed;
        if (!item.total || (!first && item.total->currency != progress.money_total.currency))
            continue;
        if (first)
            progress.money_total.currency = progress.money_performed.currency =
                item.total->currency;
        first = false;
        progress.money_total += *item.total;
        if (item.quantity.is_zero()) continue;
        const Fraction settled = std::min(item.settled, item.quantity);
        progress.money_performed += pro_rata(*item.total, settled, item.quantity);
    }
    tell_charged(plan, progress, !first);
}

}  // namespace mis::domain
