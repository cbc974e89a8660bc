// The places of the feed's readers in the outbox. A reader has a row of outbox_sink as a sink has,
// so that nothing it has not taken is pruned; but it comes for its events, and its cursor says what
// it has.
//
// A reader that stays away does not hold the outbox for ever: beyond its limits nothing is kept for
// it, which its row remembers until it has gone on behind that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sqlite/database.hpp"

namespace mis::outbox {

// Creates the reader's row when it is new: it begins with the oldest event that is still held. A
// row that was a sink's becomes the reader's, from where the sink had everything.
void register_reader(sqlite::Transaction& transaction, std::string_view reader);

// It has everything up to this position, and was handed `events` more. Goes forward only.
void reader_took(
    sqlite::Transaction& transaction, std::string_view reader, std::int64_t position,
    std::int64_t events
);

struct ReaderLimits {
    std::int64_t keep_us = 0;     // what is older is not kept for it
    std::int64_t events_max = 0;  // nor more than so many
};

// Before prune(): what is beyond the limits is no longer kept for the reader. Returns the events.
std::int64_t let_go(
    sqlite::Transaction& transaction, std::string_view reader, std::int64_t now_us,
    const ReaderLimits& limits
);

struct ReaderFigures {
    std::int64_t taken = 0;      // the position up to which it has everything
    std::int64_t pending = 0;    // events that wait for it
    std::int64_t oldest_us = 0;  // when the oldest of them was appended; 0: none
    std::int64_t handed_out = 0;
    std::int64_t let_go_from = 0, let_go_to = 0;  // positions that were not kept for it; 0: none
};
ReaderFigures reader_figures(sqlite::Database& database, std::string_view reader);

}  // namespace mis::outbox
