// StreamReading: the reading of one pass. It reads slices, maps their rows, gathers what they yield
// in a CaptureBatch and hands it over slice by slice.
//
// Who: made by StreamPass::run, ends with it, same thread; the ladder, the absence checks and the
// comparisons all read through it. What holds after an error: the batches handed over carry the
// state of the last complete slice, since a slice counts only when all of it was read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "change/capture_batch.hpp"
#include "change/pass_setup.hpp"
#include "change/seen.hpp"
#include "source/read_ahead.hpp"

namespace mis::change {

struct PassReport {
    CaptureCounts counts;
    std::int64_t rows = 0, issues = 0, skipped = 0, source_us = 0;
    std::int64_t reread = 0;     // keys looked up by id because they were missing
    bool removals_held = false;  // a hold, or an unreadable key
    bool backfilled = false;     // this pass finished the backfill
    bool own_snapshots = false;  // it was a walk, read in more than one state of the source
};

class StreamReading {
  public:
    // All three outlive it. `state` is what the next batch carries; those who read move it on.
    StreamReading(const PassSetup& setup, StreamState& state, const DeliverBatch& deliver);

    // The rows of one slice into the batch, their records into `seen`. Returns how many there were.
    // A batch that fills up is handed over before the slice is complete.
    Result<std::int64_t> read(const source::Slice& asked, SeenKeys& seen);
    // One page of a key walk; true: the last one. `after` moves on. malformed: rows without a key,
    // or not in its order.
    Result<bool> walk_page(std::string& after, SeenKeys& seen);
    // From now on nothing but pages of a walk is read, each in one batch …
    void expect_whole_pages();
    // From now on each slice is read in a snapshot of its own: a walk that takes longer than one
    // may.
    void take_own_snapshots();
    // … and they are read before they are asked for.
    void walk_ahead();

    // Hands the batch over with the state as it stands; if_written: not for the state alone, but
    // now and then.
    Result<void> flush(CaptureBatch::Save save);

    const PassSetup& setup() const { return setup_; }
    StreamState& state() { return state_; }
    CaptureBatch& batch() { return batch_; }
    PassReport& report() { return report_; }
    // A row's key could not be read: it may be any record's, so this pass removes nothing.
    bool met_unreadable_key() const { return met_unreadable_key_; }

  private:
    // Slices by id repeat rows that were missed; the others tell of a row's relatives, too.
    enum class Relatives { ignore, note };
    void take_row(
        const source::RowBatch& rows, std::size_t row, Relatives relatives, SeenKeys& seen
    );

    const PassSetup& setup_;
    StreamState& state_;
    const DeliverBatch& deliver_;
    CaptureBatch batch_;
    PassReport report_;
    std::size_t batch_rows_max_;
    bool met_unreadable_key_ = false;
    source::Slice::Snapshot snapshot_ = source::Slice::Snapshot::of_pass;
    source::SliceEnd end_;                     // of the newest read
    std::unique_ptr<source::ReadAhead> walk_;  // where nothing else is read between pages
};

}  // namespace mis::change
