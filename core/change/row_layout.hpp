// RowLayout: where a stream's rows carry what the change station itself reads of them: the key, the
// window's date, the stamps, and the columns whose hash tells an edited row from a repeated one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "source/connector.hpp"
#include "source/row.hpp"

namespace mis::change {

class RowLayout {
  public:
    // misconfigured: key or window column is not among the columns of the rows.
    static Result<RowLayout> create(
        const source::StreamDeclaration& declaration, std::vector<std::string> columns
    );

    std::size_t key_index() const { return key_; }
    bool keys_are_integers() const { return keys_are_integers_; }
    // A stamp with a placeholder may be none on this base: it yields no rows then. A token is sure
    // once its bound is told.
    bool stamps_are_sure() const { return stamps_are_sure_; }

    // "id,stamp,…": all columns, for StreamState::hash_columns of a stream met for the first time.
    std::string column_list() const;
    // From now on hash() is of these columns (StreamState::hash_columns).
    void hash_columns(std::string_view list);

    // Of one row; local times of the source, nullopt: the row has none.
    std::string_view key(const source::RowBatch& batch, std::size_t row) const;
    std::optional<std::int64_t> window_us(const source::RowBatch& batch, std::size_t row) const;
    std::optional<std::int64_t> stamp_us(const source::RowBatch& batch, std::size_t row)
        const;  // the latest
    // Whether the rows themselves say that one of the declared stamps.
    bool tells_stamp(std::size_t stamp_index) const { return stamps_.at(stamp_index).has_value(); }
    // Of that one of the declared stamps; nullopt, too, where it is no column of the rows, or a
    // token.
    std::optional<std::int64_t> stamp_us(
        const source::RowBatch& batch, std::size_t row, std::size_t stamp_index
    ) const;
    std::uint64_t hash(const source::RowBatch& batch, std::size_t row) const;
    // Of all columns: tells two rows of one key apart. `hash`: of the same row, spares the work
    // where it is of all columns already.
    std::uint64_t content(const source::RowBatch& batch, std::size_t row, std::uint64_t hash) const;

    const std::vector<std::string>& columns() const { return columns_; }

  private:
    std::vector<std::string> columns_;
    std::size_t key_ = 0;
    std::optional<std::size_t> window_;
    std::vector<std::optional<std::size_t>> stamps_;  // by their index
    std::vector<std::size_t> hashed_;
    bool keys_are_integers_ = false;
    bool stamps_are_sure_ = false;
};

}  // namespace mis::change
