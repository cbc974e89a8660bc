#include "change/row_layout.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "change/local_time.hpp"
#include "source/sql_words.hpp"

namespace mis::change {
namespace {

// FNV-1a: kept in the store, so it must never change.
class RowHash {
  public:
    void add(std::optional<std::string_view> cell) {
        add_byte(cell ? 1 : 0);
        if (!cell) return;
        for (const char c : *cell) add_byte(static_cast<unsigned char>(c));
    }
    std::uint64_t value() const { return hash_ == 0 ? 1 : hash_; }

  private:
    void add_byte(unsigned char byte) { hash_ = (hash_ ^ byte) * 1'099'511'628'211ULL; }
    std::uint64_t hash_ = 14'695'981'039'346'656'037ULL;
};

std::optional<std::size_t> index_of(
    const std::vector<std::string>& columns, std::string_view name
) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

}  // namespace

Result<RowLayout> RowLayout::create(
    const source::StreamDeclaration& declaration, std::vector<std::string> columns
) {
    RowLayout layout;
    layout.columns_ = std::move(columns);
    const std::string key = declaration.key_column.empty() ? source::declared_name(declaration.key)
                                                           : declaration.key_column;
    const auto key_index = index_of(layout.columns_, key);
    if (!key_index)
        return fail(
            ErrorKind::misconfigured, "stream " + declaration.name +
                                          ": its rows have no key column " + key +
                                          ": add it to columns"
        );
    layout.key_ = *key_index;
    layout.keys_are_integers_ = std::any_of(
        declaration.columns.begin(), declaration.columns.end(),
        [&](const source::ColumnDeclaration& column) {
            return column.name == key && column.type == source::ColumnType::integer;
        }
    );
    if (declaration.window) {
        const std::string window = source::declared_name(declaration.window->column);
        layout.window_ = index_of(layout.columns_, window);
        if (!layout.window_)
            return fail(
                ErrorKind::misconfigured,
                "stream " + declaration.name + ": its rows have no column " + window +
                    ": select the window column under that name and add it to columns"
            );
    }
    layout.stamps_are_sure_ = !declaration.stamps.empty() && !declaration.tokens.contains(0) &&
                              declaration.stamps.front().find('{') == std::string::npos;
    for (std::size_t i = 0; i < declaration.stamps.size(); ++i)
        layout.stamps_.push_back(
            declaration.tokens.contains(i)
                ? std::nullopt
                : index_of(layout.columns_, source::declared_name(declaration.stamps[i]))
        );
    return layout;
}

std::string RowLayout::column_list() const {
    std::string list;
    for (const auto& column : columns_) list += (list.empty() ? "" : ",") + column;
    return list;
}

void RowLayout::hash_columns(std::string_view list) {
    hashed_.clear();
    for (const std::string_view column : split(list, ','))
        if (const auto index = index_of(columns_, column)) hashed_.push_back(*index);
}

std::string_view RowLayout::key(const source::RowBatch& batch, std::size_t row) const {
    return batch.cell(row, key_).value_or("");
}

std::optional<std::int64_t> RowLayout::window_us(const source::RowBatch& batch, std::size_t row)
    const {
    if (!window_) return std::nullopt;
    const auto cell = batch.cell(row, *window_);
    return cell ? local_us(*cell) : std::nullopt;
}

std::optional<std::int64_t> RowLayout::stamp_us(const source::RowBatch& batch, std::size_t row)
    const {
    std::optional<std::int64_t> latest;
    for (std::size_t i = 0; i < stamps_.size(); ++i)
        if (const auto time = stamp_us(batch, row, i))
            latest = std::max(latest.value_or(*time), *time);
    return latest;
}

std::optional<std::int64_t> RowLayout::stamp_us(
    const source::RowBatch& batch, std::size_t row, std::size_t stamp_index
) const {
    const auto index = stamps_.at(stamp_index);
    const auto cell = index ? batch.cell(row, *index) : std::nullopt;
    return cell ? local_us(*cell) : std::nullopt;
}

std::uint64_t RowLayout::hash(const source::RowBatch& batch, std::size_t row) const {
    RowHash hash;
    for (const std::size_t column : hashed_) hash.add(batch.cell(row, column));
    return hash.value();
}

std::uint64_t RowLayout::content(const source::RowBatch& batch, std::size_t row, std::uint64_t hash)
    const {
    if (hashed_.size() == columns_.size()) return hash;
    RowHash whole;
    for (std::size_t column = 0; column < columns_.size(); ++column)
        whole.add(batch.cell(row, column));
    return whole.value();
}

}  // namespace mis::change
