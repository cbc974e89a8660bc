#include "change/all_rows.hpp"

#include <algorithm>
#include <string>

#include "change/absence.hpp"
#include "change/local_time.hpp"

namespace mis::change {
namespace {

constexpr std::int64_t kPieceUsMin = 3'600 * kUsPerSecond;
constexpr std::int64_t kPieceUsFirst = 7 * kUsPerDay;

Period around(std::int64_t now_local_us, int past_days, int future_days) {
    const std::int64_t today_us = now_local_us / kUsPerDay * kUsPerDay;
    return {today_us - past_days * kUsPerDay, today_us + (future_days + 1) * kUsPerDay};
}

}  // namespace

std::int64_t adapted_width(
    std::int64_t width_us, std::int64_t rows, std::int64_t wanted, std::int64_t least_us
) {
    if (rows > 2 * wanted) return std::max(width_us / 2, least_us);
    if (rows < wanted / 2) return std::min(width_us * 2, kSliceUsMax);
    return width_us;
}

Period declared_window(const PassSetup& setup, std::int64_t now_local_us) {
    const auto& window = *setup.declaration.window;
    return around(now_local_us, window.past_days, window.future_days);
}

Period declared_history(const PassSetup& setup, std::int64_t now_local_us) {
    const auto& window = *setup.declaration.window;
    return around(
        now_local_us, std::max(window.past_days, window.history_days), window.future_days
    );
}

Result<void> read_period(StreamReading& reading, Period period, const TakePiece& take) {
    const PassOptions& options = reading.setup().options;
    std::int64_t& width_us = reading.state().window_slice_us;
    if (width_us == 0) width_us = kPieceUsFirst;
    while (period.from_us < period.to_us) {
        const Period piece{period.from_us, std::min(period.from_us + width_us, period.to_us)};
        source::Slice slice;
        slice.by = source::Slice::By::window;
        slice.from = local_text(piece.from_us);
        slice.to = local_text(piece.to_us);
        SeenKeys seen;
        const auto rows = reading.read(slice, seen);
        if (!rows) return fail(rows.error());
        if (piece.to_us - piece.from_us >= width_us || *rows > 2 * options.slice_rows)
            width_us = adapted_width(width_us, *rows, options.slice_rows, kPieceUsMin);
        if (auto done = take(piece, seen); !done) return done;
        period.from_us = piece.to_us;
    }
    return {};
}

Result<void> read_all_rows(StreamReading& reading, SeenKeys& seen) {
    using Rows = source::Capabilities::Rows;
    const PassSetup& setup = reading.setup();
    reading.expect_every_row();
    switch (setup.can.rows) {
        case Rows::by_pages: {
            reading.expect_whole_pages();
            std::string after;
            for (bool last = false; !last;) {
                const auto page = reading.walk_page(after, seen);
                if (!page) return fail(page.error());
                last = *page;
                if (auto done = reading.flush(CaptureBatch::Save::if_written); !done) return done;
            }
            if (!after.empty()) reading.state().walk_after = after;
            return {};
        }
        case Rows::at_once: {
            source::Slice all;
            all.by = source::Slice::By::key_walk;
            if (const auto rows = reading.read(all, seen); !rows) return fail(rows.error());
            return reading.flush(CaptureBatch::Save::if_written);
        }
        case Rows::by_period:
            return read_period(
                reading, declared_history(setup, reading.now_local_us()),
                [&](const Period&, SeenKeys& met) -> Result<void> {
                    if (auto done = check_siblings(reading, met); !done) return done;
                    seen.add(met);
                    return reading.flush(CaptureBatch::Save::if_written);
                }
            );
    }
    return {};
}

}  // namespace mis::change
