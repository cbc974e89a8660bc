// What a base has of its own that a fetch can read: tables, views, selectable procedures; their
// columns with types, keys and indexes.
#include <fmt/format.h>

#include <cstdlib>

#include "source/firebird/source.hpp"
#include "source/sql_words.hpp"

namespace mis::source::firebird {
namespace {

// f: RDB$FIELDS
constexpr const char* kTypeColumns =
    "f.rdb$field_type, f.rdb$field_sub_type, f.rdb$field_precision, f.rdb$field_scale, "
    "f.rdb$character_length, f.rdb$field_length, s.rdb$character_set_name, f.rdb$dimensions";
constexpr std::size_t kTypeColumnCount = 8;

using Cells = std::vector<std::optional<std::string>>;

int number(const std::optional<std::string>& cell) { return cell ? std::atoi(cell->c_str()) : 0; }

std::string exact_text(const char* whole, int sub_type, int precision, int scale) {
    if (scale == 0 && sub_type == 0) return whole;
    return fmt::format("{}({},{})", sub_type == 2 ? "DECIMAL" : "NUMERIC", precision, -scale);
}

// The type as one would declare it. `at`: the first of kTypeColumns.
std::string type_text(const Cells& row, std::size_t at) {
    const int type = number(row[at]), sub_type = number(row[at + 1]),
              precision = number(row[at + 2]), scale = number(row[at + 3]);
    const int characters = row[at + 4] ? number(row[at + 4]) : number(row[at + 5]);
    const std::string set =
        row[at + 6] && *row[at + 6] != "NONE" ? " of " + *row[at + 6] : " of no set";
    std::string text;
    switch (type) {
        case 7:
            text = exact_text("SMALLINT", sub_type, precision, scale);
            break;
        case 8:
            text = exact_text("INTEGER", sub_type, precision, scale);
            break;
        case 16:
            text = exact_text("BIGINT", sub_type, precision, scale);
            break;
        case 26:
            text = exact_text("INT128", sub_type, precision, scale);
            break;
        case 10:
            text = "FLOAT";
            break;
        case 11:
        case 27:  // dialect 1 keeps a NUMERIC of many digits in one
            text = precision > 0 ? fmt::format("NUMERIC({},{}) as DOUBLE", precision, -scale)
                                 : "DOUBLE PRECISION";
            break;
        case 12:
            text = "DATE";
            break;
        case 13:
            text = "TIME";
            break;
        case 14:
            text = fmt::format("CHAR({}){}", characters, set);
            break;
        case 23:
            text = "BOOLEAN";
            break;
        case 24:
            text = "DECFLOAT(16)";
            break;
        case 25:
            text = "DECFLOAT(34)";
            break;
        case 28:
            text = "TIME WITH TIME ZONE";
            break;
        case 29:
            text = "TIMESTAMP WITH TIME ZONE";
            break;
        case 35:
            text = "TIMESTAMP";
            break;
        case 37:
            text = fmt::format("VARCHAR({}){}", characters, set);
            break;
        case 261:
            text = sub_type == 1 ? "BLOB of text" + set : "BLOB";
            break;
        default:
            text = fmt::format("type {}", type);
    }
    return number(row[at + 7]) > 0 ? "ARRAY of " + text : text;
}

}  // namespace

std::string FirebirdSource::written(const std::string& name) const { return written_name(name); }

Result<std::vector<TableDescription>> FirebirdSource::discover() {
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    auto transaction = Transaction::begin(*connection_->attachment, Access::read_only_snapshot);
    if (!transaction) return fail(transaction.error().within("reading the catalog"));
    constexpr std::size_t kRowsMax = 1'000'000;
    std::optional<Error> problem;
    const auto rows = [&](const std::string& sql) {
        auto found = connection_->query(*transaction, sql, {}, kRowsMax);
        if (!found && !problem) problem = found.error().within("reading the catalog");
        return found ? *std::move(found) : TextRows{};
    };
    std::map<std::string, TableDescription> tables;
    const auto add_column = [&](const Cells& row, TableDescription::Kind kind) {
        TableDescription& table = tables[row[0].value_or("")];
        table.name = row[0].value_or("");
        table.kind = kind;
        const bool required =
            number(row[2 + kTypeColumnCount]) == 1 || number(row[3 + kTypeColumnCount]) == 1;
        table.columns.push_back({row[1].value_or(""), type_text(row, 2), required});
    };
    for (const auto& row : rows(fmt::format(
             "select r.rdb$relation_name, r.rdb$field_name, {}, r.rdb$null_flag, f.rdb$null_flag, "
             "iif(t.rdb$view_blr is null, 0, 1) from rdb$relation_fields r "
             "join rdb$relations t on t.rdb$relation_name = r.rdb$relation_name "
             "join rdb$fields f on f.rdb$field_name = r.rdb$field_source "
             "left join rdb$character_sets s on s.rdb$character_set_id = f.rdb$character_set_id "
             "where coalesce(t.rdb$system_flag, 0) = 0 "
             "order by r.rdb$relation_name, r.rdb$field_position",
             kTypeColumns
         )))
        add_column(
            row, row.back() == "1" ? TableDescription::Kind::view : TableDescription::Kind::table
        );
    const auto packaged =
        rows("select count(*) from rdb$relations where rdb$relation_name = 'RDB$PACKAGES'");
    const bool has_packages = !packaged.empty() && packaged.front()[0] != "0";
    for (const auto& row : rows(fmt::format(
             "select r.rdb$procedure_name, r.rdb$parameter_name, {}, 0, f.rdb$null_flag "
             "from rdb$procedure_parameters r "
             "join rdb$procedures p on p.rdb$procedure_name = r.rdb$procedure_name "
             "join rdb$fields f on f.rdb$field_name = r.rdb$field_source "
             "left join rdb$character_sets s on s.rdb$character_set_id = f.rdb$character_set_id "
             "where r.rdb$parameter_type = 1 and p.rdb$procedure_type = 1 and "
             "coalesce(p.rdb$system_flag, 0) = 0{} "
             "order by r.rdb$procedure_name, r.rdb$parameter_number",
             kTypeColumns,
             has_packages ? " and p.rdb$package_name is null and r.rdb$package_name is null" : ""
         )))
        add_column(row, TableDescription::Kind::procedure);
    for (const auto& row :
         rows("select i.rdb$relation_name, i.rdb$index_name, g.rdb$field_name, i.rdb$unique_flag, "
              "i.rdb$index_type, i.rdb$index_inactive, "
              "iif(c.rdb$constraint_type = 'PRIMARY KEY', 1, 0) from rdb$indices i "
              "left join rdb$index_segments g on g.rdb$index_name = i.rdb$index_name "
              "left join rdb$relation_constraints c on c.rdb$index_name = i.rdb$index_name "
              "where coalesce(i.rdb$system_flag, 0) = 0 "
              "order by i.rdb$relation_name, i.rdb$index_name, g.rdb$field_position")) {
        const auto found = tables.find(row[0].value_or(""));
        if (found == tables.end()) continue;
        auto& [name, table] = *found;
        if (table.indexes.empty() || table.indexes.back().name != row[1].value_or(""))
            table.indexes.push_back(
                {row[1].value_or(""),
                 {},
                 number(row[3]) == 1,
                 number(row[4]) == 1,
                 number(row[5]) == 0}
            );
        if (!row[2]) continue;
        table.indexes.back().columns.push_back(*row[2]);
        if (number(row[6]) == 1) table.key.push_back(*row[2]);
    }
    if (problem) return fail(*problem);
    std::vector<TableDescription> all;
    for (auto& [name, table] : tables) all.push_back(std::move(table));
    return all;
}

Result<TableSample> FirebirdSource::sample(
    const std::string& table, const std::vector<std::string>& columns
) {
    return sample_table(
        [this](const std::string& sql, std::size_t) { return ask(sql, {}); }, kFirebird, table,
        columns, [this](const std::string& name) { return written(name); }
    );
}

Result<std::optional<std::string>> FirebirdSource::first_value(const std::string& sql) {
    const auto rows = ask(sql, {});
    if (!rows) return fail(rows.error());
    return rows->empty() || rows->front().empty() ? std::nullopt : rows->front().front();
}

}  // namespace mis::source::firebird
