// What a source says of itself, for `check` and `discover`: its streams, how they are read, its
// clock, the login's rights, its tables.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "source/fetch_text.hpp"

namespace mis::source {

struct StampProbe {
    std::string column;
    std::optional<std::string> newest;  // within the last 400 days, else absent
};

struct PlanProbe {
    std::string form;  // "stamp 0", "window", "key walk", "1 ids"
    std::string plan;  // the server's text
    enum class Reading { indexed, full_scan, sorts } reading = Reading::indexed;
    std::string remedy;  // empty: nothing to mend
};

struct StreamProbe {
    std::string name;
    bool on = false;
    std::string reason;                // why off, or why it cannot be read
    std::optional<std::int64_t> rows;  // counted up to kProbeRowsMax, which then means "at least"
    std::vector<StampProbe> stamps;
    std::vector<PlanProbe> plans;
    std::vector<std::string> tables;          // that its fetch reads, views among them
    std::vector<std::string> tracked_tables;  // whose changes the server keeps a list of
    std::string told;  // what of it the system itself tells, for people; empty: nothing
    std::vector<std::string> procedures, functions, packages;  // that it runs
    std::vector<std::string> remarks;  // what works and loses rows; what, why, remedy
    std::map<std::string, std::string> placeholders;  // "T:TREAT.TOOTH" → "T.TOOTH" or the literal
    // Declared columns whose type in this base is another one that matters: name, both types, what
    // it does, remedy.
    std::vector<std::string> column_remarks;
    std::vector<std::string> columns_without_charset;  // text of the set NONE, and none is said
};
inline constexpr std::int64_t kProbeRowsMax = 100'000;
inline constexpr std::size_t kProbeValuesMax = 1000;

struct ProbeReport {
    std::string server;             // version and what else tells one from another
    struct SettingRemark {          // about a setting of the connection
        std::string setting, text;  // "dialect"; what, why, remedy
        bool is_problem = false;
    };
    std::vector<SettingRemark> setting_remarks;
    std::string source_now;
    std::optional<double> clock_skew_seconds;  // source minus ours
    std::vector<StreamProbe> streams;
    std::string login;  // whom the base took us for
    std::vector<std::string>
        write_rights;          // why this login could write; empty: it cannot, as far as seen
    bool tells_rights = true;  // false: such a system does not say what a login may do
    std::vector<std::string> sufficient_grants;  // statements that a restricted login needs
    Catalog catalog;                             // of the tables that the fetches name
};

struct TableDescription {
    std::string name;  // as the catalog has it
    enum class Kind { table, view, procedure } kind = Kind::table;
    struct Column {
        std::string name, type;  // "VARCHAR(40) of WIN1251", "NUMERIC(15,2)"
        bool required = false;
        std::vector<std::string> shapes = {};  // of values that were looked at along with it
    };
    std::vector<Column> columns;   // in the table's order; of a procedure: what it returns
    std::vector<std::string> key;  // columns of the primary key
    struct Index {
        std::string name;
        std::vector<std::string> columns;  // empty: of an expression
        bool unique = false, descending = false, active = true;
    };
    std::vector<Index> indexes;       // that of the key is one of them
    std::int64_t rows_looked_at = 0;  // for the columns' shapes
    std::string remark = {};          // why nothing more is told of it
};

}  // namespace mis::source
