#include "record/map_functions.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "record/map_call.hpp"

namespace mis::record {

namespace {

constexpr std::array kLists{sum_functions, time_functions, text_functions};

struct Bound {  // a function of one connection
    MapRow* row;
    const MapFunction* function;
};

void run(sqlite3_context* context, int count, sqlite3_value** values) {
    const Bound& bound = *static_cast<const Bound*>(sqlite3_user_data(context));
    Call call(context, count, values, bound.function->name, *bound.row);
    bound.function->run(call);
}

void release(void* bound) { delete static_cast<Bound*>(bound); }

// Exact, locale-free, without state. Not here: upper and lower (ASCII only: fold()), round, sum and
// other aggregates, date functions.
constexpr std::array<std::string_view, 17> kBuiltIn{
    "coalesce", "ifnull",  "nullif", "iif",  "trim",    "ltrim",  "rtrim", "substr", "substring",
    "length",   "replace", "instr",  "char", "unicode", "typeof", "like",  "glob"};

}  // namespace

void register_map_functions(sqlite3* database, MapRow* row) {
    for (const auto& list : kLists)
        for (const MapFunction& function : list())
            // not DETERMINISTIC: a constant call factored out of the row would raise its issue only
            // once
            for (int count = function.count_min; count <= function.count_max; ++count)
                sqlite3_create_function_v2(
                    database, function.name, count, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                    new Bound{row, &function}, run, nullptr, nullptr, release
                );
}

bool is_map_function(std::string_view name) {
    const std::string lower = to_lower(name);
    for (const auto& list : kLists)
        for (const MapFunction& function : list())
            if (function.name == lower) return true;
    return std::find(kBuiltIn.begin(), kBuiltIn.end(), lower) != kBuiltIn.end();
}

bool is_map_table(std::string_view name) {
    return name == "rows" || name == "json_each" || name == "xml_each";
}

}  // namespace mis::record
