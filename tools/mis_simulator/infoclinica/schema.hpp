// The shape of an Infoclinica base, as far as public sources tell it: tables, keys and the few
// indexes a clinic's base is known to have.
//
// Invented are only the names that no public source gives: ORDERDET's primary key (ODETID) and its
// tooth column (ZUB). The gateway must not know them: it finds them by its probe or is told them by
// the site's configuration.
#pragma once

#include <string>
#include <vector>

namespace mis::simulator {

// 3: BIGINT keys, exact NUMERIC. 1: what old sites run: INTEGER keys, sums wider than nine digits
// stored as double, DATE with a time.
enum class Dialect { one = 1, three = 3 };

// Everything optional that the guide calls "not seen" or "newer versions".
enum class Columns {
    as_reported,  // what public sources have seen
    older,  // without TREAT.CREATEDATE, SCHEDULE.DEPNUM, SCHEDULE.ONLINETYPE, DOCTOR.VIEWINSCHED
};

// Statements in order; each can be committed on its own (Firebird sees a table only in a later
// transaction).
std::vector<std::string> schema_statements(Dialect dialect, Columns columns);

// Run after the seed is loaded: indexes slow the load down.
std::vector<std::string> index_statements();

}  // namespace mis::simulator
