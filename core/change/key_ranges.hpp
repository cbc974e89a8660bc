// An older copy of a base, put back, has the creation date of the newer one: what tells is that its
// keys end below those we have. Part of the fingerprint (stream_state.hpp, check_fingerprint).
#pragma once

#include <span>
#include <string>

#include "base/result.hpp"
#include "change/stream_state.hpp"
#include "source/row_reader.hpp"

namespace mis::change {

// Asks, per stream whose rows have whole numbers for keys, for one row at or above the tenth newest
// that we have: one step in the index of its key. Streams with fewer rows, or that cannot be
// walked, say nothing. sunk: there is no such row in two streams, or in the only one that could
// say; deleting the newest rows of one table is what people do. Asked after connecting, outside any
// transaction. unavailable, cancelled: the reader's.
Result<KeyRanges> compare_key_ranges(
    sqlite::Database& database, source::RowReader& reader, const std::string& source,
    std::span<const std::string> streams
);

}  // namespace mis::change
