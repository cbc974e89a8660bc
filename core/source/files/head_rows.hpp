// HeadRows: what stands at the beginning of a file, for `discover`: names of its columns and shapes
// of their values, never a value.
//
// A first row may be a heading or somebody's data; it is shown only where two of its cells are
// headings that the connector or everybody knows. Else columns are called by their number.
#pragma once

#include <functional>

#include "source/files/table_rows.hpp"
#include "source/probe.hpp"
#include "source/value_shape.hpp"

namespace mis::source::files {

class HeadRows final : public RowSink {
  public:
    using IsHeading = std::function<bool(std::string_view name)>;  // that the connector knows
    explicit HeadRows(IsHeading is_heading) : is_heading_(std::move(is_heading)) {}

    // cancelled: enough was seen.
    Result<void> add(std::int64_t number, std::vector<Field>&& fields) override;
    Result<void> add_named(std::int64_t number, Named&& fields) override;
    Result<void> add_unreadable(std::int64_t number, std::string why) override;
    Result<void> finish() override;
    bool is_enough() const;

    // After finish(): with its columns, rows_looked_at and their shapes.
    TableDescription described(std::string name) const;
    const std::vector<std::string>& names() const { return names_; }  // of a heading; else empty

  private:
    struct Column {
        std::string name;
        ShapeCounts shapes;
    };
    bool is_heading_row(const std::vector<Field>& fields) const;
    void take_names(const std::vector<Field>& fields);
    void count(const std::vector<Field>& fields);
    Result<void> go_on() const;

    const IsHeading is_heading_;
    std::vector<std::vector<Field>> first_;  // until a heading was found or there is none
    bool is_decided_ = false;
    std::vector<std::string> names_;
    std::vector<Column> columns_;
    std::int64_t rows_ = 0;
};

}  // namespace mis::source::files
