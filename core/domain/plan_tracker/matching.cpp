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
    bool named = false;  // by the MIS
};

bool covers(std::string_view of_item, std::string_view of_line) {
    return of_item == of_line || area_contains(of_item, of_line);
}

int segment_count(std::string_view code) {
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

// "mouth" says no more than no tooth (P3).
std::vector<std::string_view> told_teeth(const std::vector<std::string>& teeth) {
    std::vector<std::string_view> told(teeth.begin(), teeth.end());
    std::erase(told, "mouth");
    return told;
}

// Settles what a line has left on the items in turn. On an item with several teeth each tooth takes
// up to its share, and no tooth more than the line did on it where it names teeth.
class Settling {
  public:
    Settling(Match& found, const Plan& plan, const Line& line)
        : found_(found), plan_(plan), teeth_(told_teeth(line.teeth)), left_(line.quantity) {
        if (teeth_.size() > 1) left_on_each_ = most_on_each(line.quantity);
    }

    // First one item per tooth of the line, then whatever else fits, up to the line's quantity.
    void settle(const std::vector<Candidate>& candidates) {
        for (const Candidate& candidate : candidates) take(candidate, Turn::first);
        for (const Candidate& candidate : candidates) take(candidate, Turn::rest);
    }

  private:
    enum class Turn { first, rest };

    Match& found_;
    const Plan& plan_;
    std::vector<std::string_view> teeth_;
    Fraction left_;
    Fraction left_on_each_;  // in the first turn: a line on two teeth did half on each
    std::set<std::string_view> covered_;

    // Half a line on each of two teeth, yet a quantity of 1 settles one item of 1 and not two
    // halves.
    Fraction most_on_each(const Decimal& quantity) const {
        const Fraction share =
            Fraction(quantity).divided_by(static_cast<std::int64_t>(teeth_.size()));
        const Fraction one(Decimal(1, 0));
        return share < one ? one : share;
    }

    void take(const Candidate& candidate, Turn turn) {
        const PlanItem& item = plan_.items[candidate.item];
        if (!left_.is_positive()) return;
        if (teeth_.empty() || candidate.named) {
            if (turn == Turn::first) take_any(candidate.item, item);
            return;
        }
        for (const std::string_view tooth : teeth_) {
            if (turn == Turn::first && covered_.contains(tooth)) continue;
            for (std::size_t place = 0; place < item.teeth.size(); ++place) {
                if (!covers(item.teeth[place], tooth)) continue;
                const Fraction most = turn == Turn::first && teeth_.size() > 1
                                          ? std::min(left_, left_on_each_)
                                          : left_;
                if (take_on(candidate.item, item, place, most)) covered_.insert(tooth);
                break;
            }
        }
    }

    void take_any(std::size_t index, const PlanItem& item) {
        if (item.settled_on.empty()) {
            take_on(index, item, 0, left_);
            return;
        }
        for (std::size_t place = 0; place < item.teeth.size(); ++place) {
            const bool named = std::any_of(teeth_.begin(), teeth_.end(), [&](auto tooth) {
                return covers(item.teeth[place], tooth);
            });
            if (teeth_.empty() || named || !names_any(item)) take_on(index, item, place, left_);
        }
    }

    bool names_any(const PlanItem& item) const {
        return std::any_of(item.teeth.begin(), item.teeth.end(), [&](const std::string& of_item) {
            return std::any_of(teeth_.begin(), teeth_.end(), [&](auto tooth) {
                return covers(of_item, tooth);
            });
        });
    }

    // False: nothing is left to do there.
    bool take_on(std::size_t index, const PlanItem& item, std::size_t place, Fraction most) {
        const auto known =
            std::find_if(found_.parts.begin(), found_.parts.end(), [&](const Match::Part& part) {
                return part.item == index;
            });
        Fraction room = item.left_on(place);
        if (known != found_.parts.end()) {
            if (item.settled_on.empty()) room = room - known->quantity;
            for (const auto& [tooth, quantity] : known->on) {
                if (tooth == place) room = room - quantity;
            }
        }
        if (!room.is_positive()) return false;
        const Fraction part = std::min(room, most);
        if (!part.is_positive()) return false;
        left_ = left_ - part;
        Match::Part& into = known != found_.parts.end()
                                ? *known
                                : found_.parts.emplace_back(Match::Part{index, Fraction(), {}});
        into.quantity = into.quantity + part;
        if (!item.settled_on.empty()) into.on.emplace_back(place, part);
        return true;
    }
};

// Whether a tooth of the line that the item has is still to be done.
bool has_room(const PlanItem& item, const std::vector<std::string>& line) {
    const auto teeth = told_teeth(line);
    if (teeth.empty() || item.settled_on.empty()) return true;
    for (std::size_t place = 0; place < item.teeth.size(); ++place) {
        for (const std::string_view tooth : teeth) {
            if (covers(item.teeth[place], tooth) && item.left_on(place).is_positive()) return true;
        }
    }
    return false;
}

// The MIS named the item: another tooth than its own is taken as one of them.
bool has_room_by_name(const PlanItem& item, const std::vector<std::string>& line) {
    return !fit_of_teeth(item.teeth, line) || has_room(item, line);
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
        if (teeth && has_room(item, line.teeth))
            wholes.push_back(Candidate{i, *teeth, WorkFit::prefix});
        else if (!teeth && told_teeth(line.teeth).empty())
            wholes.push_back(Candidate{i, TeethFit::area, WorkFit::prefix});
    }
    if (wholes.empty()) return std::nullopt;
    if (told_teeth(line.teeth).empty() && wholes.size() > 1)
        return std::nullopt;  // whose impression it is, nobody said
    return best_first(plan, std::move(wholes)).front().item;
}

}  // namespace

std::optional<WorkFit> fit_of_work(const Work& item, const Work& line) {
    const bool one_list = item.list.empty() || line.list.empty() || item.list == line.list;
    if (one_list && !item.folded_code.empty() && item.folded_code == line.folded_code)
        return WorkFit::exact_code;
    if (item.nomenclature.empty() || line.nomenclature.empty()) return std::nullopt;
    if (item.nomenclature == line.nomenclature) return WorkFit::exact_nomenclature;
    if (segment_count(item.nomenclature) >= 3 &&
        is_code_prefix(item.nomenclature, line.nomenclature))
        return WorkFit::prefix;
    return std::nullopt;
}

std::optional<TeethFit> fit_of_teeth(
    const std::vector<std::string>& item, const std::vector<std::string>& line
) {
    const auto planned = told_teeth(item), done = told_teeth(line);
    if (planned == done) return TeethFit::equal;
    if (planned.empty() || done.empty()) return std::nullopt;
    std::optional<TeethFit> best;
    for (const std::string_view tooth : done) {
        for (const std::string_view of_item : planned) {
            if (of_item == tooth) return TeethFit::shared;
            if (area_contains(of_item, tooth)) best = TeethFit::area;
        }
    }
    return best;
}

Match match(const Plan& plan, const Line& line, const NomenclatureGroups* groups) {
    Match found;
    std::vector<Candidate> fitting;
    std::vector<Candidate> of_work;  // open, right work, another tooth or none named
    const bool toothless = told_teeth(line.teeth).empty();
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        const PlanItem& item = plan.items[i];
        if (!item.open()) continue;
        const auto work = fit_of_work(item.work, line.work);
        if (!work) continue;
        const auto teeth = fit_of_teeth(item.teeth, line.teeth);
        if (teeth) {
            if (has_room(item, line.teeth)) fitting.push_back(Candidate{i, *teeth, *work});
        } else if (!told_teeth(item.teeth).empty()) {
            of_work.push_back(Candidate{i, TeethFit::shared, *work});
        }
    }
    if (const auto named = named_item(plan, line)) {
        const auto work = fit_of_work(plan.items[*named].work, line.work);
        fitting.clear();
        if (has_room_by_name(plan.items[*named], line.teeth))
            fitting = {Candidate{*named, TeethFit::equal, work.value_or(WorkFit::prefix), true}};
    } else if (fitting.empty() && toothless && of_work.size() == 1) {
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
        Settling(found, plan, line).settle(settled);
    } else if (!fitting.empty()) {
        found.parts.push_back(Match::Part{fitting.front().item, Fraction(), {}});
    } else if (const auto whole = whole_of_component(plan, line, groups)) {
        found.parts.push_back(Match::Part{*whole, Fraction(), {}});
    } else if (!of_work.empty()) {
        found.miss = toothless ? MissReason::tooth_missing : MissReason::other_tooth;
    }
    return found;
}

}  // namespace mis::domain
