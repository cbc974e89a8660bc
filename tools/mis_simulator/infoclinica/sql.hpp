// Pieces of SQL that the actions of a clinic's day share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mis::simulator {

inline constexpr std::string_view kToday = "cast(cast('today' as date) as timestamp)";

inline std::string or_null(std::int64_t id) { return id ? std::to_string(id) : "null"; }

}  // namespace mis::simulator
