// StreamPass: reads one stream of one source and says what to capture; the ladder of change
// detection lives here.
//
// Who: made by the pipeline, one per stream, kept as long as its connector; one worker thread.
// Network and mapping happen outside any transaction: a pass hands over CaptureBatches, `deliver`
// begins a transaction, calls apply() and commits. Its store is read through `records`, whose
// Database must belong to the same thread. What holds after a crash: a batch carries the state that
// is true once it is committed; whatever was not committed is read again.
//
// The ladder, cheapest first (architecture, "Change detection"):
//   stamps      slices [cursor - overlap, now) of each stamp column, width adapted to the rows
//   found; hash comparison drops the repeats key tail    without stamps: rows beyond the highest
//   key seen window      all rows of a sliding window on an indexed date: finds deletions, silent
//   edits, late commits reconcile   everything by key walk (nightly; small streams without stamps
//   and window at every poll): finds the rest, and shows it as drift
// A missing key is re-read by id before it counts as removed. Unreadable keys or a hold: nothing is
// removed in that pass.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "change/record_store.hpp"
#include "change/stream_state.hpp"
#include "record/mapper.hpp"
#include "source/connector.hpp"
#include "source/row_reader.hpp"

namespace mis::change {

struct PassOptions {
    int walk_rows = 5'000;   // rows per slice of a key walk: one snapshot, one batch
    int batch_rows = 2'000;  // rows per batch of other slices
    int slice_rows = 2'000;  // what the width of stamp and window slices is adapted to
    int small_stream_rows =
        2'000;  // without stamps and window: up to here every poll reads everything
    int tail_overlap_keys =
        50;  // integer keys below the highest seen that the key tail reads again
    std::int64_t overlap_us_min = 120'000'000;
    std::int64_t overlap_us_max = 3'600'000'000;
    std::int64_t window_every_us = 0;  // least time between window comparisons; 0: at every poll …
    int window_duty_percent = 10;      // … but they take no more than this share of the time
    std::int64_t save_idle_every_us =
        600'000'000;              // how often a cursor is saved when nothing changed
    int hold_share_percent = 30;  // a comparison that would remove more than this share …
    int hold_count = 20;          // … and more than this many waits for a human
    MappingChange mapping_change = MappingChange::hold;
    std::function<bool(std::string_view kind, std::string_view field)>
        exported;  // CaptureOptions::exported
};

enum class PassMode {
    poll,       // the backfill first, if it is not done
    reconcile,  // everything from the beginning, with drift; one that was interrupted, poll ends
};

struct CaptureBatch {
    StreamRef stream;
    CaptureOptions options;
    std::vector<Arrival> arrivals;
    std::vector<std::string> gone;     // records whose absence was confirmed
    std::vector<KnownRecord> missing;  // of a reconciliation under way, to be remembered
    enum class Forget { nothing, missing } forget = Forget::nothing;  // before adding those
    std::vector<record::RowIssue> issues;                             // for the quarantine
    std::map<std::string, std::int64_t> skipped;  // reason → rows left out on purpose
    std::int64_t rows = 0;
    StreamState state;  // once this batch is in
    enum class Save { if_written, always } save = Save::if_written;
    enum class HoldChange { none, begin, end } hold_change = HoldChange::none;
    Hold hold;
};

struct PassReport {
    CaptureCounts counts;
    std::int64_t rows = 0, issues = 0, skipped = 0, source_us = 0;
    std::int64_t reread = 0;     // keys looked up by id because they were missing
    bool removals_held = false;  // a hold, or an unreadable key
    bool backfilled = false;     // this pass finished the backfill
};

// Inside the pipeline's transaction. Writes nothing when nothing changed.
CaptureCounts apply(
    sqlite::Transaction& transaction, RecordStore& records, CaptureBatch& batch, std::int64_t now_us
);

class StreamPass {
  public:
    // Commits the batch and returns apply()'s counts. It may work behind (return the counts of an
    // earlier batch, each once), if the StreamPass is thrown away when one of them fails after all.
    using Deliver = std::function<Result<CaptureCounts>(CaptureBatch&&)>;

    // misconfigured: key or window column is not among the columns of the rows.
    static Result<StreamPass> create(
        std::string source, const source::StreamDeclaration& declaration, source::RowReader& reader,
        record::Mapper& mapper, RecordStore& records, sqlite::Database& database,
        const Clock& clock, PassOptions options = {}
    );

    // Errors are the reader's and deliver's. After one: cursors stand at the last complete slice,
    // nothing was removed for absence; the pipeline calls failed() in a transaction, and runs again
    // later.
    Result<PassReport> run(PassMode mode, const Deliver& deliver);
    // Remembers why; writes only when it is news.
    void failed(sqlite::Transaction& transaction, const Error& error);

    const StreamState& state() const { return state_; }
    const StreamRef& stream() const { return stream_; }

  private:
    struct Seen;
    struct Run;
    StreamPass(
        StreamRef stream, const source::StreamDeclaration& declaration, source::RowReader& reader,
        record::Mapper& mapper, RecordStore& records, sqlite::Database& database,
        const Clock& clock, PassOptions options
    );
    void load();
    bool window_is_due() const;
    Result<void> backfill(Run& run);
    Result<void> poll_stamps(Run& run);
    Result<void> poll_tail(Run& run);
    Result<void> compare_window(Run& run);
    Result<void> compare_all(Run& run);
    // The same page by page, for large streams keyed by whole numbers: a restart does not begin it
    // again.
    Result<void> reconcile(Run& run, PassMode mode);
    bool keys_are_integers() const;
    void walk_ahead(Run& run);
    // One page of a key walk; true: the last one. `after` moves on.
    Result<bool> walk_page(Run& run, std::string& after, Seen& seen);
    Result<std::int64_t> read(Run& run, const source::Slice& slice, Seen& seen);
    Result<void> check_siblings(Run& run, Seen& seen);
    Result<std::vector<std::string>> confirm_gone(
        Run& run, const std::vector<KnownRecord>& missing
    );
    Result<void> remove_missing(
        Run& run, const char* comparison, const std::vector<KnownRecord>& missing,
        std::int64_t known
    );
    Result<void> ladder(Run& run, PassMode mode);
    Result<void> flush(Run& run, CaptureBatch::Save save);

    StreamRef stream_;
    source::StreamDeclaration declaration_;
    source::RowReader* reader_;
    record::Mapper* mapper_;
    RecordStore* records_;
    sqlite::Database* database_;
    const Clock* clock_;
    PassOptions options_;
    std::size_t key_index_ = 0;
    std::optional<std::size_t> window_index_;
    std::vector<std::size_t> stamp_indexes_, hash_indexes_;
    bool stamps_are_sure_ =
        false;  // a stamp with a placeholder may be none on this base: it yields no rows then
    std::chrono::nanoseconds window_done_{0}, window_took_{0};  // steady
    StreamState state_;
    bool in_doubt_ = true;  // state_ may be ahead of the store: load it before use
};

}  // namespace mis::change
