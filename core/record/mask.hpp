// Private values for eyes that need not see them: preview, quarantine, check.
#pragma once

#include <string>
#include <string_view>

namespace mis::record {

// The shape alone: letters become x, digits 0, the rest stays: "Тестова" → "xxxxxxx", "02.13.1990"
// → "00.00.0000". Cut at 60 characters.
std::string mask_shape(std::string_view text);

// A canonical body with its private fields' values masked (lists item by item); the rest as it is.
std::string masked_body(std::string_view kind, std::string_view body);

// A raw row: every value masked, for nothing says which of a MIS's columns hold what.
std::string masked_row(std::string_view raw_row);

}  // namespace mis::record
