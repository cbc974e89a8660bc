// What SQL dialects do differently, as far as the texts are ours: how rows are limited, how names
// are kept, how the clock is asked. A connector says in which dialect its fetches are written; the
// connection says which one its server speaks, and may differ where the fetches keep to what both
// read.
#pragma once

#include <string>
#include <string_view>

namespace mis::source {

struct SqlDialect {
    std::string_view name;  // as connector.yaml says it
    enum class Limit {
        rows_behind,  // … rows ?
        top,          // select top 100 …
        limit_behind  // … limit 100
    } limit = Limit::rows_behind;
    enum class Names {
        upper,  // unquoted names are kept in upper case
        lower,  // in lower case
        as_is   // as they were written; upper and lower case are one
    } names = Names::upper;
};

// Today's beginning by the server's clock, and so many days before (below zero) or after it: a date
// or a time, as compares with columns of both.
std::string day_text(const SqlDialect& dialect, int days);

extern const SqlDialect kFirebird, kSqlServer, kPostgresql, kMariadb;

}  // namespace mis::source
