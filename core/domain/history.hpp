// What a source has from before the day that it counts from (D5).
#pragma once

#include <string_view>

#include "base/identity.hpp"
#include "domain/rules.hpp"

namespace mis::domain {

// By the clinic day of the line, payment or visit; other kinds of records have no such day.
bool is_history(const RecordKey& key, std::string_view body, const Rules& rules);

}  // namespace mis::domain
