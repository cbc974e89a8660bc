// What can be said of a map's SQL text without running it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "record/sql_tokens.hpp"

namespace mis::record {

// misconfigured, with the line: not a single SELECT, or a clause on its top level that drops,
// merges or repeats rows (a map runs once per row).
Result<void> check_map_form(std::string_view sql);

struct LiteralCall {  // code('status', …) → {"code", "status"}
    std::string function, literal;
    int line;
};
std::vector<LiteralCall> literal_calls(
    std::string_view sql, const std::vector<std::string_view>& functions
);

}  // namespace mis::record
