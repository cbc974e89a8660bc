// Rows as sources give them: text or absent, whatever the wire format was.
//
// Every value is UTF-8 text or null. Integers and decimals are exact decimal text ("-12.50", never
// through a double; where the source itself holds a double, a column declared decimal is its
// shortest exact form rounded to the declared decimals, and the row carries a note if that dropped
// digits), times are "YYYY-MM-DD HH:MM:SS[.ffff]" as the source's clock wrote them, booleans
// "1"/"0".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mis::source {

class RowBatch {  // append-only, one arena; movable; at most a few thousand rows (the reader bounds
                  // it)
  public:
    explicit RowBatch(std::size_t column_count) : column_count_(column_count) {}

    void add(std::string_view text) {
        cells_.push_back(
            {static_cast<std::uint32_t>(arena_.size()), static_cast<std::uint32_t>(text.size())}
        );
        arena_.append(text);
    }
    void add_null() { cells_.push_back({kNull, 0}); }
    // Why the row being built could not be decoded (column and reason, never content); the row goes
    // to quarantine with it.
    void add_issue(std::string text) { issues_.push_back({rows(), std::move(text)}); }
    // What was rounded in the row being built, with its column: no fault, but the record says so.
    void add_note(std::string text) { notes_.push_back({rows(), std::move(text)}); }

    std::size_t columns() const { return column_count_; }
    std::size_t rows() const {
        return cells_.size() / column_count_;
    }  // while a row is being built: the index of that row
    std::size_t bytes() const { return arena_.size(); }
    std::optional<std::string_view> cell(std::size_t row, std::size_t column) const {
        const Cell& cell = cells_[row * column_count_ + column];
        if (cell.offset == kNull) return std::nullopt;
        return std::string_view(arena_).substr(cell.offset, cell.length);
    }
    std::vector<std::string> issues_of(std::size_t row) const { return of_row(issues_, row); }
    std::vector<std::string> notes_of(std::size_t row) const { return of_row(notes_, row); }
    void clear() {
        arena_.clear();
        cells_.clear();
        issues_.clear();
        notes_.clear();
    }

  private:
    static constexpr std::uint32_t kNull = 0xffffffff;
    struct Cell {
        std::uint32_t offset, length;
    };
    struct Remark {
        std::size_t row;
        std::string text;
    };
    static std::vector<std::string> of_row(const std::vector<Remark>& remarks, std::size_t row) {
        std::vector<std::string> found;
        for (const Remark& remark : remarks)
            if (remark.row == row) found.push_back(remark.text);
        return found;
    }
    std::size_t column_count_;
    std::string arena_;
    std::vector<Cell> cells_;
    std::vector<Remark> issues_, notes_;
};

}  // namespace mis::source
