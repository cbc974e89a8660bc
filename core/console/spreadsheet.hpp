// An account as a file for a spreadsheet: semicolons, a byte order mark, decimal commas, as a
// Russian office program opens it. A cell that would be read as a formula begins with an
// apostrophe.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "console/language.hpp"

namespace mis::console {

// As Desk::limit() gives it.
std::string account_as_csv(const Json& account, Language language);
std::string csv_cell(std::string_view text);

}  // namespace mis::console
