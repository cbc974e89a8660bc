// What events tell of a plan, as canonical JSON (schemas/README.md section 2).
#pragma once

#include <string>
#include <vector>

#include "base/json_text.hpp"
#include "domain/announced.hpp"
#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

inline constexpr std::size_t kItemsInOneEvent = 60;  // an event stays under 20 kB

JsonText text_of(const PlanItem& item);
std::vector<JsonText> texts_of_items(const Plan& plan);
// Of those that were not declined. `texts`: as texts_of_items() gives them.
std::vector<std::string> listed_items(const Plan& plan, const std::vector<JsonText>& texts);
JsonText head_of(const Plan& plan);  // without its items
std::string list_of(const std::vector<std::string>& raw, std::size_t from, std::size_t to);

// Ids of the items that came, went or say something else than before.
std::vector<std::string> changed_items(
    const std::vector<JsonView>& before, const std::vector<std::string>& after, const Plan& plan
);

int version_of(const Standing& told);
std::string progress_json(const Progress& progress);

}  // namespace mis::domain
