// Keys in the store: an integer where the text is one in its only spelling ("42", not "042"), else
// the text. Order, size and speed are those of integers.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sqlite/database.hpp"

namespace mis::change {

inline std::optional<std::int64_t> integer_key(std::string_view text) {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || digits.size() > 18 || (digits.front() == '0' && text.size() > 1))
        return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

inline void bind_key(sqlite::Statement& statement, int index, std::string_view text) {
    if (const auto number = integer_key(text))
        statement.bind(index, *number);
    else
        statement.bind(index, text);
}

inline void bind_optional(
    sqlite::Statement& statement, int index, std::optional<std::int64_t> value
) {
    if (value)
        statement.bind(index, *value);
    else
        statement.bind_null(index);
}

}  // namespace mis::change
