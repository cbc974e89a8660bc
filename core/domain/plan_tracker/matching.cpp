#include "domain/plan_tracker/matching.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/teeth.hpp"

namespace mis::domain {
namespace {

struct Candidate {
    std::size_t item = 0;
    TeethFit teeth = TeethFit::equal;
    WorkFit work = WorkFit::exact_code;
};

int segments(std::string_view code) {
    return static_cast<int>(std::count(code.begin(), code.end(), '.')) + 1;
}

// A temporary filling settles an item only where the plan agreed on a temporary filling; an
// impression never settles the crown, also where the MIS names the crown's item.
bool settles(
    const Line& line, const Candidate& candidate, const PlanItem& item,
    const NomenclatureGroups* groups
) {
    if (line.in_progress) return false;
    const bool starts_only = line.work.entry != nullptr && line.work.entry->starts_only;
    if (starts_only && candidate.work == WorkFit::prefix) return false;
    return groups == nullptr || fit_of_work(item.work, line.work) ||
           !groups->is_component(line.work.nomenclature, item.work.nomenclature);
}

std::vector<Candidate> best_first(const Plan& plan, std::vector<Candidate> candidates) {
    if (candidates.size() < 2) return candidates;
    std::stable_sort(
        candidates.begin(), candidates.end(),
        [&](const Candidate& a, const Candidate& b) {
            const PlanItem& left = plan.items[a.item];
            const PlanItem& right = plan.items[b.item];
            return std::tie(a.teeth, a.work, left.stage, left.position) <
                   std::tie(b.teeth, b.work, right.stage, right.position);
        }
    );
    return candidates;
}

std::optional<std::size_t> named_item(const Plan& plan, const Line& line) {
    if (line.plan_item_source_id.empty()) return std::nullopt;
    if (!plan.is_order() && plan.key.source != line.key.source) return std::nullopt;
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        if (plan.items[i].named_as == line.plan_item_source_id && plan.items[i].open()) return i;
    }
    return std::nullopt;
}

void settle(Match& found, Decimal& left, const PlanItem& item, std::size_t index) {
    const Decimal part = item.left() < left ? item.left() : left;
    found.parts.push_back(Match::Part{index, part});
    left = left - part;
}

// First one item per tooth of the line, then whatever else fits, up to the line's quantity.
void settle_in_turn(
    Match& found, const Plan& plan, const Line& line, const std::vector<Candidate>& candidates
) {
    Decimal left = line.quantity;
    std::set<std::string> covered;
    std::vector<std::size_t> later;
    for (const Candidate& candidate : candidates) {
        const PlanItem& item = plan.items[candidate.item];
        bool fresh = line.teeth.empty();
        for (const std::string& tooth : line.teeth) {
            const bool of_item =
                candidate.teeth == TeethFit::area
                    ? area_contains(item.teeth.front(), tooth)
                    : std::find(item.teeth.begin(), item.teeth.end(), tooth) != item.teeth.end();
            if (of_item && covered.insert(tooth).second) fresh = true;
        }
        if (!fresh) {
            later.push_back(candidate.item);
        } else if (left > Decimal(0, 0)) {
            settle(found, left, item, candidate.item);
        }
    }
    for (const std::size_t index : later) {
        if (left > Decimal(0, 0)) settle(found, left, plan.items[index], index);
    }
}

std::optional<std::size_t> whole_of_component(
    const Plan& plan, const Line& line, const NomenclatureGroups* groups
) {
    if (groups == nullptr || line.work.nomenclature.empty()) return std::nullopt;
    std::vector<Candidate> wholes;
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        const PlanItem& item = plan.items[i];
        if (!item.open() || item.work.nomenclature.empty()) continue;
        if (!groups->is_component(line.work.nomenclature, item.work.nomenclature)) continue;
        const auto teeth = fit_of_teeth(item.teeth, line.teeth);
        if (teeth)
            wholes.push_back(Candidate{i, *teeth, WorkFit::prefix});
        else if (line.teeth.empty())
            wholes.push_back(Candidate{i, TeethFit::area, WorkFit::prefix});
    }
    if (wholes.empty()) return std::nullopt;
    if (line.teeth.empty() && wholes.size() > 1)
        return std::nullopt;  // whose impression it is, nobody said
    return best_first(plan, std::move(wholes)).front().item;
}

}  // namespace

std::optional<WorkFit> fit_of_work(const Work& item, const Work& line) {
    if (!item.folded_code.empty() && item.folded_code == line.folded_code)
        return WorkFit::exact_code;
    if (item.nomenclature.empty() || line.nomenclature.empty()) return std::nullopt;
    if (item.nomenclature == line.nomenclature) return WorkFit::exact_nomenclature;
    if (segments(item.nomenclature) >= 3 && is_code_prefix(item.nomenclature, line.nomenclature))
        return WorkFit::prefix;
    return std::nullopt;
}

std::optional<TeethFit> fit_of_teeth(
    const std::vector<std::string>& item, const std::vector<std::string>& line
) {
    if (item == line) return TeethFit::equal;
    if (item.empty() || line.empty()) return std::nullopt;
    for (const std::string& tooth : line) {
        if (std::find(item.begin(), item.end(), tooth) != item.end()) return TeethFit::shared;
    }
    if (!is_area(item.front())) return std::nullopt;
    for (const std::string& tooth : line) {
        if (is_tooth(tooth) && area_contains(item.front(), tooth)) return TeethFit::area;
    }
    return std::nullopt;
}

Match match(const Plan& plan, const Line& line, const NomenclatureGroups* groups) {
    Match found;
    std::vector<Candidate> fitting;
    std::vector<Candidate> of_work;  // open, right work, another tooth or none named
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        const PlanItem& item = plan.items[i];
        if (!item.open()) continue;
        const auto work = fit_of_work(item.work, line.work);
        if (!work) continue;
        const auto teeth = fit_of_teeth(item.teeth, line.teeth);
        if (teeth) {
            fitting.push_back(Candidate{i, *teeth, *work});
        } else if (!item.teeth.empty()) {
            of_work.push_back(Candidate{i, TeethFit::shared, *work});
        }
    }
    if (const auto named = named_item(plan, line)) {
        const auto work = fit_of_work(plan.items[*named].work, line.work);
        fitting = {Candidate{*named, TeethFit::equal, work.value_or(WorkFit::prefix)}};
    } else if (fitting.empty() && line.teeth.empty() && of_work.size() == 1) {
        fitting = of_work;
    }
    fitting = best_first(plan, std::move(fitting));

    std::vector<Candidate> settled;
    settled.reserve(fitting.size());
    for (const Candidate& candidate : fitting) {
        if (settles(line, candidate, plan.items[candidate.item], groups))
            settled.push_back(candidate);
    }
    if (!settled.empty() && line.quantity > Decimal(0, 0)) {
        if (settled.size() == 1) {
            Decimal left = line.quantity;
            settle(found, left, plan.items[settled.front().item], settled.front().item);
        } else {
            settle_in_turn(found, plan, line, settled);
        }
    } else if (!fitting.empty()) {
        found.parts.push_back(Match::Part{fitting.front().item, Decimal(0, 0)});
    } else if (const auto whole = whole_of_component(plan, line, groups)) {
        found.parts.push_back(Match::Part{*whole, Decimal(0, 0)});
    } else if (!of_work.empty()) {
        found.miss = line.teeth.empty() ? MissReason::tooth_missing : MissReason::other_tooth;
    }
    return found;
}

}  // namespace mis::domain
