#include "source/table_sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "source/value_shape.hpp"

namespace mis::source {
namespace {

std::string limited(
    const SqlDialect& dialect, std::string_view list, std::string_view table, std::int64_t rows
) {
    switch (dialect.limit) {
        case SqlDialect::Limit::rows_behind:
            return fmt::format("select first {} {} from {}", rows, list, table);
        case SqlDialect::Limit::top:
            return fmt::format("select top {} {} from {}", rows, list, table);
        case SqlDialect::Limit::limit_behind:
            break;
    }
    return fmt::format("select {} from {} limit {}", list, table, rows);
}

Error not_readable(const std::string& table, const Error& cause) {
    const char* why = cause.kind == ErrorKind::unavailable
                          ? "the server takes too long: ask its administrator"
                          : "let the login read it: grant select on it";
    return {cause.kind, fmt::format("rows of {} cannot be read: {}", table, why)};
}

}  // namespace

Result<TableSample> sample_table(
    const AskRows& ask, const SqlDialect& dialect, const std::string& table,
    const std::vector<std::string>& columns,
    const std::function<std::string(const std::string&)>& written
) {
    TableSample sample;
    const std::string from = written(table);
    const auto counted =
        ask(fmt::format(
                "select count(*) from ({}) counted",
                limited(dialect, "1 as one_row", from, kSampleCountMax)
            ),
            1);
    if (!counted) return fail(not_readable(table, counted.error()));
    if (!counted->empty()) sample.rows = std::atoll(counted->front()[0].value_or("0").c_str());
    if (columns.empty() || sample.rows == 0) return sample;
    std::string list;
    for (const std::string& column : columns) list += (list.empty() ? "" : ", ") + written(column);
    const auto rows = ask(limited(dialect, list, from, kSampleRowsMax), kSampleRowsMax);
    if (!rows) return fail(not_readable(table, rows.error()));
    for (std::size_t at = 0; at < columns.size(); ++at) {
        ShapeCounts counts;
        for (const auto& row : *rows)
            if (at < row.size() && row[at]) counts.add(*row[at]);
        sample.shapes[columns[at]] = counts.most(kSampleShapesMax);
    }
    return sample;
}

}  // namespace mis::source
