// Raw columns of a fetched row into the text forms of source/row.hpp. Pure, but for blobs, which
// are read from the server.
#pragma once

#include <string>
#include <vector>

#include "source/connector.hpp"
#include "source/firebird/charsets.hpp"
#include "source/firebird/statement.hpp"
#include "source/row.hpp"

namespace mis::source::firebird {

// Exact texts; each appends.
void append_scaled(
    std::string& out, std::int64_t unscaled, int scale
);  // (-1250, -2) → "-12.50"; scale as Firebird's: 0 or negative
void append_date(std::string& out, ISC_DATE modified_julian_day);  // "2026-03-02"
void append_time(std::string& out, ISC_TIME ticks);                // "10:00:00", "10:00:00.1234"
struct ColumnPlan {  // one declared column: where it stands in the statement, and what it is to be
    int index = 0;
    ColumnDeclaration declared;
    TextDecoder* decoder = nullptr;  // text and text blobs
};

// misconfigured: a type that we cannot read, a set that this machine lacks; column and remedy are
// named.
Result<ColumnPlan> plan_column(
    const Statement& statement, int index, ColumnDeclaration declared, Charsets& charsets
);
// misconfigured: a declared column that the fetch doesn't give, one too many.
Result<std::vector<ColumnPlan>> plan_columns(
    const Statement& statement, const std::vector<ColumnDeclaration>& columns, Charsets& charsets
);

// Appends the fetched row. What cannot be decoded becomes null with an issue on the row; only a
// failing server is an error.
Result<void> append_row(
    const Statement& statement, const std::vector<ColumnPlan>& plan, Transaction& transaction,
    RowBatch& rows
);

}  // namespace mis::source::firebird
