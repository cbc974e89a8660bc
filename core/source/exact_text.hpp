// Binary floating numbers of a source as exact decimal text.
#pragma once

#include <optional>
#include <string>

namespace mis::source {

// Appends. decimals: rounded half up away from zero from the shortest text that is this very
// number; `yes`: digits were dropped.
enum class Rounded { no, yes };
Rounded append_double(std::string& out, double value, std::optional<int> decimals);
Rounded append_float(std::string& out, float value, std::optional<int> decimals);

}  // namespace mis::source
