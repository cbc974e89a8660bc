// Which open items of one plan, and which of their teeth, a line settles or starts (P2, P3). Reads
// the plan as it stands just before the line; changes nothing.
#pragma once

#include <optional>
#include <vector>

#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

enum class WorkFit { exact_code, exact_nomenclature, prefix };  // best first
enum class TeethFit { equal, shared, area };  // best first; no tooth and `mouth` are the same

std::optional<WorkFit> fit_of_work(const Work& item, const Work& line);
std::optional<TeethFit> fit_of_teeth(
    const std::vector<std::string>& item, const std::vector<std::string>& line
);

enum class MissReason {
    none,
    tooth_missing,
    other_tooth
};  // what an open item of the right work says of a line that fits nowhere

struct Match {
    struct Part {
        std::size_t item = 0;
        Fraction quantity;  // 0: the line starts the item and does not settle it
        // By tooth of an item with several: what of it.
        std::vector<std::pair<std::size_t, Fraction>> on = {};
    };
    std::vector<Part> parts;
    MissReason miss = MissReason::none;
};

Match match(const Plan& plan, const Line& line, const NomenclatureGroups* groups);

}  // namespace mis::domain
