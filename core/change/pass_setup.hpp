// PassSetup: what the passes of one stream are made with. Owned by its StreamPass; the parts of a
// pass (reading, absence, full comparison) look into it and change nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/clock.hpp"
#include "change/record_store.hpp"
#include "change/row_layout.hpp"
#include "record/mapper.hpp"
#include "source/capabilities.hpp"
#include "source/connector.hpp"
#include "source/row_reader.hpp"

namespace mis::change {

struct PassOptions {
    int walk_rows = 5'000;   // rows per slice of a key walk: one snapshot, one batch
    int batch_rows = 2'000;  // rows per batch of other slices
    int slice_rows = 2'000;  // what the width of stamp and window slices is adapted to
    // Without stamps and window: up to here every poll reads everything.
    int small_stream_rows = 2'000;
    // Integer keys below the highest seen that the key tail reads again.
    int tail_overlap_keys = 50;
    std::int64_t overlap_us_min = 120'000'000;
    std::int64_t overlap_us_max = 3'600'000'000;
    // After the first backfill, for overlap_us_max, stamps are read from where the oldest
    // transaction began that was open then, at most so far back; from overlap_us_max back where
    // nobody tells.
    std::int64_t late_us_max = 86'400'000'000;
    std::int64_t window_every_us = 0;  // least time between window comparisons; 0: at every poll …
    int window_duty_percent = 10;      // … but they take no more than this share of the time
    std::int64_t save_idle_every_us = 600'000'000;  // a cursor's, when nothing else changed
    int hold_share_percent = 30;  // a comparison that would remove more than this share …
    int hold_count = 20;          // … and more than this many waits for a human
    MappingChange mapping_change = MappingChange::hold;
    // CaptureOptions::exported
    std::function<bool(std::string_view kind, std::string_view field)> exported;
};

struct PassSetup {
    StreamRef stream;
    source::StreamDeclaration declaration;
    PassOptions options;
    RowLayout layout;
    source::Capabilities can;  // of the reader, for this stream
    source::RowReader* reader;
    record::Mapper* mapper;
    RecordStore* records;
    sqlite::Database* database;  // the one of `records`, of the pass's own thread
    const Clock* clock;
};

}  // namespace mis::change
