// A base's tables as `discover` lists them.
#pragma once

#include "base/json.hpp"
#include "source/source.hpp"

namespace mis::gateway::cli {

void print_table(const source::Source& source, const source::TableDescription& table);
Json table_json(const source::Source& source, const source::TableDescription& table);

}  // namespace mis::gateway::cli
