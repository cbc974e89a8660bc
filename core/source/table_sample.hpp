// A look at some rows of a table for `discover`: how many there are, and what the values of its
// columns look like. The values themselves end here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/sql_dialect.hpp"

namespace mis::source {

inline constexpr std::int64_t kSampleCountMax = 10'000;
inline constexpr int kSampleRowsMax = 200;
inline constexpr std::size_t kSampleShapesMax = 5;  // of a column, the most frequent ones

struct TableSample {
    std::int64_t rows = 0;  // counted up to kSampleCountMax, which then means "at least"
    std::map<std::string, std::vector<std::string>> shapes;  // column → shapes (value_shape.hpp)
};

using AskRows = std::function<Result<std::vector<std::vector<std::optional<std::string>>>>(
    const std::string& sql, std::size_t rows_max
)>;

// `written`: names as a statement must write them. Two short queries, both bounded, without any
// order. The error says nothing of what the server said: that may quote a value.
Result<TableSample> sample_table(
    const AskRows& ask, const SqlDialect& dialect, const std::string& table,
    const std::vector<std::string>& columns,
    const std::function<std::string(const std::string&)>& written
);

}  // namespace mis::source
