// Returns (P6): a negative row takes back the line it names, else the latest standing one
// of the same patient, work and teeth.
#pragma once

#include <string>
#include <vector>

#include "domain/typed_facts.hpp"

namespace mis::domain {

struct Return {
    Line line;                       // negative sums or quantity
    std::string reverses_source_id;  // empty: not named
};

// Takes the returns, in their order, off facts.lines: a line returned in whole is gone, one
// returned in part has the rest's quantity and sums. A return that finds nothing, or more than is
// there, is a Problem. Lines returned in whole are listed in facts.returned.
void take_returns_off(TypedFacts& facts, const std::vector<Return>& returns);

}  // namespace mis::domain
