// What a server's plan says of how a slice is read: "PLAN (S ORDER RDB$PRIMARY1)". Subselects come
// as plans of their own, before the one of the statement itself.
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/fetch_text.hpp"

namespace mis::source::firebird {

struct PlanAccess {
    std::string path;  // as the plan names it: "U"; in a view or derived table "V U"
    enum class How { index, order, natural } how = How::index;
    bool sorted = false;  // what it gives is sorted, alone or joined with others

    std::string_view first() const;  // the alias in the statement itself
    std::string_view last() const;   // the alias or table where it is read
};

struct Plan {
    std::vector<PlanAccess> statement;   // in the order in which tables are read
    bool sorts_result = false;           // the outermost of the statement is a sort
    std::vector<PlanAccess> subselects;  // of all of them; run for every row of the statement
};

Plan read_plan(std::string_view text, std::string_view slice_alias);

// The table that an alias stands for in that SQL, as the catalog has its name; empty: not seen.
std::string table_of_alias(
    std::string_view alias, std::string_view sql, const std::set<std::string>& tables
);

}  // namespace mis::source::firebird
