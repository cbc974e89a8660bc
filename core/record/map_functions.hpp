// The SQL functions of maps, documented for integrators in connectors/README.md.
//
// Every one: NULL or blank in → NULL out; a bad value → NULL out and an issue on the row; a binary
// fraction in → an issue, never rounding.
#pragma once

#include <string_view>

#include "record/map_row.hpp"

struct sqlite3;

namespace mis::record {

// Both pointers must outlive the connection's statements.
void register_map_functions(sqlite3* database, MapRow* row);

// Tables that fan a row out: json_each(json, path), xml_each(xml, path) with columns value,
// position.
void register_map_tables(sqlite3* database, MapRow* row);

// What the authorizer lets a map call: ours, and those of SQLite that are exact and depend on
// nothing but their arguments.
bool is_map_function(std::string_view name);
bool is_map_table(std::string_view name);

}  // namespace mis::record
