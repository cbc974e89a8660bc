// Keys in the store: an integer where the text is one in its only spelling ("42", not "042"), else
// the text. Order, size and speed are those of integers.
#pragma once

#include <string_view>

#include "base/integer_key.hpp"
#include "sqlite/database.hpp"

namespace mis::change {

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
