// Reading all rows of a stream, or all of a period, in whatever way its source can give them
// (source/capabilities.hpp).
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.hpp"
#include "base/timestamp.hpp"
#include "change/pass_setup.hpp"
#include "change/seen.hpp"
#include "change/stream_reading.hpp"

namespace mis::change {

struct Period {  // of the window's date, in the source's local time; half-open, whole days
    std::int64_t from_us = 0, to_us = 0;
};
// Around today: what is compared again and again; how far back rows are read at all.
Period declared_window(const PassSetup& setup, std::int64_t now_local_us);
Period declared_history(const PassSetup& setup, std::int64_t now_local_us);

// The width of the next slice after one that gave so many rows.
inline constexpr std::int64_t kSliceUsMax = 400 * kUsPerDay;
std::int64_t adapted_width(
    std::int64_t width_us, std::int64_t rows, std::int64_t wanted, std::int64_t least_us
);

// In pieces of a width that follows the rows found. After each complete one `take` gets what it
// met; the batch is handed over by `take`, or by whoever called.
using TakePiece = std::function<Result<void>(const Period& piece, SeenKeys& seen)>;
Result<void> read_period(StreamReading& reading, Period period, const TakePiece& take);

// Everything that the source has of the stream; by_period: that lies in the declared history. What
// changed is handed over page by page. Rows that yield other records than before are looked after
// (absence.hpp) only in pieces of a period: whoever has met everything compares everything.
Result<void> read_all_rows(StreamReading& reading, SeenKeys& seen);

}  // namespace mis::change
