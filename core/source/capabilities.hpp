// Capabilities: what a source can be asked for, stream by stream. What one lacks, the ladder of
// change detection leaves out (core/README.md, "Change detection", says what holds then); nothing
// is asked of it all the same.
//
// A source that stages what arrived whole and slices it there can do what its stage holds: all rows
// of a file are a base of their own; those of a period tell nothing of a row that left the period,
// so there `rows` is by_period and `ids` false, unless single rows are asked of the system itself.
#pragma once

namespace mis::source {

struct Capabilities {
    // How rows are had of which nobody knows when they changed.
    enum class Rows {
        by_pages,   // Slice::By::key_walk: key > after_id, in the order of the keys, limit rows
        at_once,    // key_walk without after_id and limit: all rows in one answer, in any order
        by_period,  // only Slice::By::window: rows without a date, or with one before
                    // WindowDeclaration::history_days or beyond future_days, do not exist for us
    };
    Rows rows = Rows::by_pages;
    // Slice::By::ids: what it finds is all that the system has of these keys now.
    bool ids = true;
    // source_now() is the clock that the stamps are of. false: it is ours, in the source's zone,
    // and the stamps may be off by up to a day.
    bool own_clock = true;
    // by_period without ids: what a window misses is gone once a second reading misses it too; the
    // stream is of things that cannot move out of it, as free times.
    bool window_tells_gone = false;

    friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

}  // namespace mis::source
