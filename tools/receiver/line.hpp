// One event as one short line for a person who watches.
#pragma once

#include <string>

#include "base/json.hpp"

namespace mis::receiver {

// "12:30:05  procedure.performed      patient 3f2a91…  T-16  tooth 16  4500.00 RUB"
std::string line_of(const Json& event);

}  // namespace mis::receiver
