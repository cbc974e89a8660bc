// StandingRows: what stands of a stream, asked while its rows are being read: an arriving row that
// is not the one a record came from is read again by its key before it replaces it (D4).
//
// Made for one pass, on the pass's own connection; sees what was committed. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "change/record_store.hpp"
#include "sqlite/database.hpp"

namespace mis::change {

class StandingRows {
  public:
    StandingRows(sqlite::Database& database, StreamRef stream);

    // Before each read: what earlier batches stored is known from now on.
    void refresh();

    struct Row {
        std::uint64_t hash = 0;  // RowLayout::hash; 0: unknown
        std::string key;         // of the row
    };
    std::optional<Row> find(std::string_view record_key);
    // Another stream of this source and kind in which a record of that id stands: two streams make
    // one record.
    std::optional<std::string> other_stream_of(std::string_view record_key);
    // Some rows that once could be read, the oldest and the newest; to tell a bad row from a bad
    // statement.
    std::vector<std::string> some_row_keys();

  private:
    sqlite::Database& database_;
    const StreamRef stream_;
    std::optional<std::int64_t> id_;
    std::optional<std::int64_t> highest_;  // integer keys above stand not; nullopt: no such bound
    std::vector<std::pair<std::int64_t, std::string>> others_;
    std::optional<sqlite::Statement> find_, find_other_;
};

}  // namespace mis::change
