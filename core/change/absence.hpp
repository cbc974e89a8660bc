// Absence: when a record that stands is taken for gone.
//
// A missing key is first read again by id: its row may only have moved out of the slice, or come
// back since. Where the source has no such question (source/capabilities.hpp) a record is gone that
// was missing from two complete reads of everything in a row; what a window misses waits for those,
// or is confirmed by them at once if the stream's rows cannot move (window_tells_gone).
// Only a row that was itself met and makes its record no more is believed at once there, if no
// other row of its key may (no `parent`). A row that cannot be mapped counts as present; after an
// unreadable key nothing is removed in that pass; a comparison that lost too much at once is held
// for a human (PassOptions::hold_share_percent, hold_count). What is confirmed goes into the
// reading's batch. Errors are the reader's.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "base/result.hpp"
#include "change/record_store.hpp"
#include "change/seen.hpp"
#include "change/stream_reading.hpp"

namespace mis::change {

// Reads the rows of these keys, as many at a time as a source takes; counted as read again.
Result<void> read_keys(StreamReading& reading, const std::set<std::string>& keys, SeenKeys& seen);

// After a slice: rows that yield nothing now, other records than before, or fewer children than
// their parent had.
Result<void> check_siblings(StreamReading& reading, SeenKeys& seen);

// After a whole comparison: `missing` of the `known` records did not turn up.
// told: the source itself says that their rows were written or deleted (told_keys.hpp).
enum class Comparison { window, everything, told };
Result<void> remove_missing(
    StreamReading& reading, Comparison comparison, std::span<const KnownRecord> missing,
    std::int64_t known
);

}  // namespace mis::change
