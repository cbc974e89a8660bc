// What a base has of its own that a fetch can read: tables, views; their columns with types, keys
// and indexes.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "source/odbc/source.hpp"

namespace mis::source::odbc {
namespace {

using System = config::OdbcConfig::System;

// table, column, type, length, precision, scale, nullable, is a view
std::string columns_sql(System system) {
    const std::string_view own = system == System::mariadb
                                     ? "c.table_schema = database()"
                                     : "c.table_schema not in ('pg_catalog', 'information_schema')";
    return fmt::format(
        "select c.table_name, c.column_name, c.data_type, c.character_maximum_length, "
        "c.numeric_precision, c.numeric_scale, c.is_nullable, t.table_type "
        "from information_schema.columns c join information_schema.tables t "
        "on t.table_name = c.table_name and t.table_schema = c.table_schema "
        "where {} order by c.table_name, c.ordinal_position",
        own
    );
}

// table, index, column, unique, descending, of the primary key
std::string_view indexes_sql(System system) {
    switch (system) {
        case System::postgresql:
            return "select t.relname, i.relname, a.attname, case when x.indisunique then 1 else 0 "
                   "end, 0, case when x.indisprimary then 1 else 0 end from pg_index x "
                   "join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid "
                   "join pg_namespace n on n.oid = t.relnamespace "
                   "cross join generate_subscripts(x.indkey, 1) k "
                   "left join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[k] and "
                   "a.attnum > 0 where n.nspname not in ('pg_catalog', 'information_schema', "
                   "'pg_toast') order by t.relname, i.relname, k";
        case System::mariadb:
            return "select table_name, index_name, column_name, 1 - non_unique, case when "
                   "collation = 'D' then 1 else 0 end, case when index_name = 'PRIMARY' then 1 "
                   "else 0 end from information_schema.statistics where table_schema = database() "
                   "order by table_name, index_name, seq_in_index";
        case System::sql_server:
            break;
    }
    return "select t.name, i.name, c.name, i.is_unique, k.is_descending_key, i.is_primary_key "
           "from sys.indexes i join sys.objects t on t.object_id = i.object_id "
           "join sys.index_columns k on k.object_id = i.object_id and k.index_id = i.index_id "
           "join sys.columns c on c.object_id = k.object_id and c.column_id = k.column_id "
           "where t.type in ('U', 'V') and k.is_included_column = 0 and i.is_disabled = 0 "
           "order by t.name, i.name, k.key_ordinal";
}

bool is_exact(std::string_view type) {
    return type == "numeric" || type == "decimal" || type == "NUMERIC" || type == "DECIMAL";
}

std::string type_text(const std::vector<std::optional<std::string>>& row) {
    const std::string type = row[2].value_or("");
    if (is_exact(type) && row[4])
        return fmt::format("{}({},{})", type, *row[4], row[5].value_or("0"));
    if (!row[3]) return type;
    return fmt::format("{}({})", type, *row[3] == "-1" ? "max" : *row[3]);
}

}  // namespace

Result<std::vector<TableDescription>> OdbcSource::discover() {
    const auto columns = ask(columns_sql(settings_.base.system), 1'000'000);
    if (!columns) return fail(columns.error().within("reading the catalog"));
    const auto indexes = ask(std::string(indexes_sql(settings_.base.system)), 1'000'000);
    if (!indexes) return fail(indexes.error().within("reading the catalog's indexes"));
    std::map<std::string, TableDescription> tables;
    for (const auto& row : *columns) {
        TableDescription& table = tables[row[0].value_or("")];
        table.name = row[0].value_or("");
        table.kind = row[7].value_or("").find("VIEW") != std::string::npos
                         ? TableDescription::Kind::view
                         : TableDescription::Kind::table;
        table.columns.push_back({row[1].value_or(""), type_text(row), row[6] == "NO"});
        catalog_.add(table.name, row[1].value_or(""));
    }
    const auto is_one = [](const std::optional<std::string>& cell) { return cell == "1"; };
    for (const auto& row : *indexes) {
        const auto found = tables.find(row[0].value_or(""));
        if (found == tables.end()) continue;
        TableDescription& table = found->second;
        const std::string name = row[1].value_or("");
        if (table.indexes.empty() || table.indexes.back().name != name)
            table.indexes.push_back({name, {}, is_one(row[3]), is_one(row[4]), true});
        if (!row[2]) continue;
        table.indexes.back().columns.push_back(*row[2]);
        if (is_one(row[5])) table.key.push_back(*row[2]);
    }
    std::vector<TableDescription> all;
    for (auto& [name, table] : tables) all.push_back(std::move(table));
    return all;
}

Result<TableSample> OdbcSource::sample(
    const std::string& table, const std::vector<std::string>& columns
) {
    return sample_table(
        [this](const std::string& sql, std::size_t rows_max) { return ask(sql, rows_max); },
        dialect_, table, columns, [this](const std::string& name) { return written(name); }
    );
}

Result<std::optional<std::string>> OdbcSource::first_value(const std::string& sql) {
    const auto rows = ask(sql, 1);
    if (!rows) return fail(rows.error());
    return rows->empty() || rows->front().empty() ? std::nullopt : rows->front().front();
}

}  // namespace mis::source::odbc
