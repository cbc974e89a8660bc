// The texts in which lists, money, teeth and shares travel inside core/record, and their canonical
// JSON in a body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.hpp"

namespace mis::record {

// The strings of a JSON list of strings, ["a","b"]; nullopt: not one.
std::optional<std::vector<std::string>> string_list(std::string_view json);
std::string string_list_json(const std::vector<std::string>& items);

// {"currency":"RUB","minor":450000}, the only form in which money travels inside core/record.
void append_money_json(std::string& out, std::int64_t minor, std::string_view currency);
std::optional<Money> parse_money_json(std::string_view json);

// Each appends the value's canonical JSON to a body, or says what is wrong with it; then the body
// may hold a part of it.
std::optional<std::string> append_list(
    std::string& out, std::string_view value, std::size_t max_length
);
std::optional<std::string> append_teeth(std::string& out, std::string_view value);
std::optional<std::string> append_money(std::string& out, std::string_view value);
std::optional<std::string> append_shares(std::string& out, std::string_view value);

// Of shares as append_shares() left them.
std::optional<std::vector<Money>> totals_of_shares(std::string_view json);

// "longer than 300 characters"; nullopt: it is not.
std::optional<std::string> too_long(std::string_view text, std::size_t max_length);

}  // namespace mis::record
