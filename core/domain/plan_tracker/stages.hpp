// What a plan has reached (P7) and how far it is (P8).
#pragma once

#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

enum class Consulted { no, yes };

// Fills plan.stages, completed and progress from the states of its items.
void conclude(Plan& plan, Consulted consulted);

// P7's order of the stages, for sorting; unknown names last.
int rank_of_stage(std::string_view stage);

}  // namespace mis::domain
