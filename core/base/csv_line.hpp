// One line of a small CSV file that people write, RFC 4180: fields in double quotes may hold
// separators and doubled quotes. Exports of any size are read elsewhere, by libcsv.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mis {

// nullopt: an unclosed quote.
std::optional<std::vector<std::string>> csv_fields(std::string_view line, char separator = ',');
// The other way: quoted where it has to be.
std::string csv_field(std::string_view text);

}  // namespace mis
