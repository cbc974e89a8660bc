#include "gateway/cli/print_tables.hpp"

#include <algorithm>

#include "gateway/cli/print.hpp"
#include "gateway/overlay_start.hpp"

namespace mis::gateway::cli {
namespace {

using source::TableDescription;

const char* kind_text(TableDescription::Kind kind) {
    switch (kind) {
        case TableDescription::Kind::table:
            return "table";
        case TableDescription::Kind::view:
            return "view";
        case TableDescription::Kind::procedure:
            return "procedure";
    }
    return "";
}

// "(ID, \"price\")"
std::string names_text(const source::Source& source, const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + source.written(name);
    return "(" + text + ")";
}

}  // namespace

void print_table(const source::Source& source, const TableDescription& table) {
    print_line(
        source.written(table.name) + (table.kind == TableDescription::Kind::table
                                          ? ""
                                          : std::string(": a ") + kind_text(table.kind))
    );
    Table columns({"  column", "type", ""});
    for (const auto& column : table.columns) {
        const bool in_key =
            std::find(table.key.begin(), table.key.end(), column.name) != table.key.end();
        columns.add(
            {"  " + source.written(column.name), column.type,
             in_key                   ? "key"
             : column.required        ? "not null"
             : !column.shapes.empty() ? shapes_text(column.shapes)
                                      : ""}
        );
    }
    if (!table.columns.empty()) columns.print();
    if (!table.remark.empty()) print_line("  " + table.remark);
    if (!table.key.empty()) print_line("  key " + names_text(source, table.key));
    for (const auto& index : table.indexes)
        print_line(
            "  index " + source.written(index.name) + " " +
            (index.columns.empty() ? "of an expression" : names_text(source, index.columns)) +
            (index.unique ? ", unique" : "") + (index.descending ? ", descending" : "") +
            (index.active ? "" : ", INACTIVE: of no use until it is switched on")
        );
}

Json table_json(const source::Source& source, const TableDescription& table) {
    Json columns = Json::array(), indexes = Json::array();
    for (const auto& column : table.columns)
        columns.push_back(
            {{"column", column.name},
             {"written", source.written(column.name)},
             {"type", column.type},
             {"required", column.required},
             {"shapes", column.shapes}}
        );
    for (const auto& index : table.indexes)
        indexes.push_back(
            {{"index", index.name},
             {"columns", index.columns},
             {"unique", index.unique},
             {"descending", index.descending},
             {"active", index.active}}
        );
    return {
        {"table", table.name},
        {"written", source.written(table.name)},
        {"kind", kind_text(table.kind)},
        {"columns", columns},
        {"key", table.key},
        {"indexes", indexes},
        {"remark", table.remark}};
}

}  // namespace mis::gateway::cli
