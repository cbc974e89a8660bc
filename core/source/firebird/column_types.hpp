// What `check` says about a fetched column whose declaration does not fit the base: the server's
// type by its SQL name, and what the difference does to the map.
#pragma once

#include <string>

#include "source/firebird/decode.hpp"

namespace mis::source::firebird {

// "VARCHAR", "NUMERIC with 2 decimals", "DOUBLE PRECISION", "TIMESTAMP", …
std::string type_text(const XSQLVAR& variable);

// "total: declared integer, the base has NUMERIC with 2 decimals: every row with kopecks goes to
// quarantine; declare it decimal". Empty where the two fit, also where the difference is harmless
// (a DATE declared timestamp, a SMALLINT declared boolean).
std::string type_remark(const ColumnDeclaration& declared, const XSQLVAR& variable);

// Text whose character set is NONE while nobody has said what the MIS writes.
bool lacks_charset(const ColumnPlan& column, const XSQLVAR& variable);

}  // namespace mis::source::firebird
