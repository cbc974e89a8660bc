// Baseline: what a changed mapping makes of a group is taken as announced, and nothing is sent.
//
// Consumers go on with what they were told. So what stood before keeps the ids that they know it
// by: whatever corrects it later names those, and no event that never left.
#pragma once

#include "domain/announced.hpp"

namespace mis::domain {

// `now` was derived from `before`, and none of its events leaves.
Announced taken_as_announced(Announced now, const Announced& before);

}  // namespace mis::domain
