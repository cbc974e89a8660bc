// StreamPass: reads one stream of one source and says what to capture; the ladder of change
// detection lives here.
//
// Who: made by the pipeline, one per stream, kept as long as its connector; one worker thread.
// Network and mapping happen outside any transaction: a pass hands over CaptureBatches, `deliver`
// begins a transaction, calls apply() and commits. Its store is read through `records`, whose
// Database must belong to the same thread. What holds after a crash: a batch carries the state that
// is true once it is committed; whatever was not committed is read again.
//
// The ladder, cheapest first (core/README.md, "Change detection"):
//
// told keys: what the source itself keeps a list of as written or deleted (told_keys.hpp).
//
// stamps: slices [cursor - overlap, now) of each stamp column, width adapted to the rows found;
// hash comparison drops the repeats.
//
// tokens: slices [cursor, bound) of each stamp that is a growing token, up to the bound below which
// everything is committed; no overlap. A token met for the first time after the backfill, or whose
// bound has sunk below the cursor, has everything compared once.
//
// key tail: without stamps, rows beyond the highest key seen.
//
// window: all rows of a sliding window on an indexed date: finds deletions, silent edits, late
// commits.
//
// full comparison: everything by key walk (nightly; small streams without stamps and window at
// every poll): finds the rest, and shows it as drift (full_comparison.hpp).
//
// What a source cannot do is left out (source/capabilities.hpp): without a walk there is no key
// tail, and everything is one answer or the declared history; without its own clock the cursor of a
// stamp is the newest one met, never beyond our now.
//
// Beside it: how slices become batches (stream_reading.hpp), when a missing record is taken for
// gone (absence.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "change/capture_batch.hpp"
#include "change/pass_setup.hpp"
#include "change/record_store.hpp"
#include "change/stream_reading.hpp"
#include "change/stream_state.hpp"
#include "record/mapper.hpp"
#include "source/connector.hpp"
#include "source/row_reader.hpp"

namespace mis::change {

enum class PassMode {
    poll,       // the backfill first, if it is not done
    reconcile,  // everything from the beginning, with drift; one that was interrupted, poll ends
};

class StreamPass {
  public:
    // misconfigured: key or window column is not among the columns of the rows; the source gives
    // only periods and no window is declared.
    static Result<StreamPass> create(
        std::string source, const source::StreamDeclaration& declaration, source::RowReader& reader,
        record::Mapper& mapper, RecordStore& records, sqlite::Database& database,
        const Clock& clock, PassOptions options = {}
    );

    // Errors are the reader's and deliver's. After one: cursors stand at the last complete slice,
    // nothing was removed for absence; the pipeline calls failed() in a transaction, and runs again
    // later.
    Result<PassReport> run(PassMode mode, const DeliverBatch& deliver);
    // Remembers why; writes only when it is news.
    void failed(sqlite::Transaction& transaction, const Error& error);

    const StreamState& state() const { return state_; }
    const StreamRef& stream() const { return setup_.stream; }

  private:
    explicit StreamPass(PassSetup setup) : setup_(std::move(setup)) {}
    void load();
    bool window_is_due() const;
    std::int64_t oldest_late_stamp(std::int64_t now_local_us) const;
    std::optional<std::int64_t> late_from_us();
    enum class Stamps { sure, unsure };  // whether every change shows in one of them
    // Without stamps and window, and with few records: comparing everything is the poll.
    bool is_small(Stamps stamps) const;
    // Rows were last compared, all of them, under another map, other codes or site values.
    bool mapping_changed();

    Result<void> ladder(StreamReading& reading, PassMode mode);
    Result<void> backfill(StreamReading& reading);
    Result<void> backfill_by_pages(StreamReading& reading);
    Result<void> end_backfill(StreamReading& reading);
    Result<void> poll(StreamReading& reading, PassMode mode);
    Result<void> retry_quarantined(StreamReading& reading, PassMode mode);
    Result<void> poll_stamps(StreamReading& reading);
    struct Tokens {            // of the stamps that are tokens, what a poll found
        bool is_sure = false;  // the first stamp is one that the base must have, and told its bound
        // Bounds of those that say nothing of what changed before: they hold once everything has
        // been compared.
        std::map<std::size_t, std::string> anew;
    };
    Result<Tokens> poll_tokens(StreamReading& reading);
    Result<void> poll_token(StreamReading& reading, std::size_t index, const std::string& bound);
    Result<void> compare_all(StreamReading& reading, PassMode mode, Stamps stamps);
    Result<void> poll_tail(StreamReading& reading);
    Result<void> compare_window(StreamReading& reading);

    PassSetup setup_;
    std::chrono::nanoseconds window_done_{0}, window_took_{0};  // steady
    StreamState state_;
    // Which of the rows in quarantine are next to be read again; all of them at first, for the map,
    // the codes or the site's values may be others than in the process before.
    std::size_t retried_to_ = 0;
    bool all_retried_ = false;
    bool in_doubt_ = true;  // state_ may be ahead of the store: load it before use
};

}  // namespace mis::change
