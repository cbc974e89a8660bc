// Values as people and services write them, into cells as RowBatch has them (row.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.hpp"
#include "source/connector.hpp"
#include "source/row.hpp"

namespace mis::source {

// Adds the cell of that column to the row being built; blank is null. What the declared type cannot
// take becomes null and an issue of the row.
//
// text: trimmed. integer, decimal: an exact number, with spaces between thousands and a comma or
// point before the decimals ("1 234,50"). timestamp, date: yyyy-mm-dd or dd.mm.yyyy, with or
// without a time ("T" or a space before it); an offset behind it is refused, for such a time is not
// local. boolean: 1 0, true false, да нет, yes no, истина ложь, + -.
void add_declared(RowBatch& rows, const ColumnDeclaration& column, std::string_view text);
// The same value in the one form that such a cell has; nullopt: the declared type cannot take it.
std::optional<std::string> declared_text(const ColumnDeclaration& column, std::string_view text);

// What a service writes, as people would: a number without exponent; a time with an offset is an
// instant, and here what the clinic's clock showed then.
std::string as_local(
    const ColumnDeclaration& column, std::string text, const std::optional<Zone>& zone
);

}  // namespace mis::source
