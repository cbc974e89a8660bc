// A row as the stage keeps it: its cells, issues and notes in one piece of bytes.
#pragma once

#include <string>
#include <string_view>

#include "source/row.hpp"

namespace mis::source {

void append_stage_row(std::string& out, const RowBatch& rows, std::size_t row);
// Adds it to `rows`, which has as many columns as when it was kept.
void read_stage_row(std::string_view bytes, RowBatch& rows);

}  // namespace mis::source
