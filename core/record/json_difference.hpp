// Two JSON values told apart field by field, for people.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

namespace mis::record {

enum class ExtraFields { allowed, reported };  // fields that only `actual` has

// "total.minor: expected 450000, got 400000"; empty: equal.
std::vector<std::string> json_differences(
    const Json& expected, const Json& actual, ExtraFields extra
);

// Canonical, cut where it is long.
std::string short_json(const Json& value);

}  // namespace mis::record
