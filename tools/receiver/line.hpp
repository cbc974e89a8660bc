// One event as one short line for a person who watches.
#pragma once

#include <string>

#include "base/json.hpp"

namespace mis::receiver {

// "2026-03-02 12:30  plan.item.performed  plan/3f2a91…  filling-16  tooth 16  planned → performed"
std::string line_of(const Json& event);

}  // namespace mis::receiver
