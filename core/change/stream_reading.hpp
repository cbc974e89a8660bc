// StreamReading: the reading of one pass. It reads slices, maps their rows, gathers what they yield
// in a CaptureBatch and hands it over slice by slice.
//
// Who: made by StreamPass::run, ends with it, same thread; the ladder, the absence checks and the
// comparisons all read through it. What holds after an error: the batches handed over carry the
// state of the last complete slice, since a slice counts only when all of it was read.
//
// A row in doubt (D4) is read again by its key before anything is made of it, and all rows of that
// key are seen side by side, in one snapshot: the slice met two of its key; or it differs from the
// row that its record came from (an edit, or another row of the same key whose slice was read
// before); or a slice of stamps or the window shows it for the first time; or its key is in
// quarantine. A walk in key order meets all rows of a key by itself.
//
// Where the source cannot be asked for keys (source/capabilities.hpp) a doubt is settled by what
// the slice itself shows, read a second time: rows of one key, or of one record, that it meets with
// different content are set aside. One new or changed row is taken as it is: that another row of
// its key lies outside the slice shows only where a read meets both, at the latest the complete
// comparison (one answer; a page; not the pieces of a period). What was set aside as not unique
// comes out of quarantine only by a read of everything that meets one row of its key.
//
// A slice that must be seen whole, because nothing can be asked afterwards, and is more than one
// batch is read twice: first for the keys that come twice, then for its rows.
//
// A slice that the source cannot read because of one of its rows is read key by key: the bad row
// goes to quarantine with the source's own cause, the others are taken (bad_rows.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.hpp"
#include "change/capture_batch.hpp"
#include "change/met_rows.hpp"
#include "change/pass_setup.hpp"
#include "change/seen.hpp"
#include "change/standing_rows.hpp"
#include "source/read_ahead.hpp"

namespace mis::change {

struct PassReport {
    CaptureCounts counts;
    std::int64_t rows = 0, issues = 0, skipped = 0, source_us = 0;
    std::int64_t reread = 0;     // keys looked up by id: missing, in doubt, or in quarantine
    std::int64_t repeated = 0;   // rows that repeat another of their key to the letter
    bool removals_held = false;  // a hold, or an unreadable key
    bool backfilled = false;     // this pass finished the backfill
    bool own_snapshots = false;  // it was a walk, read in more than one state of the source
};

class StreamReading {
  public:
    // All three outlive it. `state` is what the next batch carries; those who read move it on.
    StreamReading(const PassSetup& setup, StreamState& state, const DeliverBatch& deliver);
    // Before anything is read: the source's clock when the pass began.
    void begin(std::int64_t now_local_us) { now_local_us_ = now_local_us; }

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

    // Rows in quarantine that this pass has not met yet, at most so many, are read again by their
    // keys: a changed map or code may read them now, they may be left out now, or gone. `from`: how
    // many of them to pass over first.
    Result<void> retry_quarantined(std::size_t from, std::size_t most, SeenKeys& seen);
    std::size_t quarantined() const { return quarantined_.size(); }
    // A read of the whole stream begins …
    void expect_every_row() { met_quarantined_.clear(); }
    // … and is complete: rows in quarantine that it did not meet are gone.
    void met_every_row();

    // Hands the batch over with the state as it stands; if_written: not for the state alone, but
    // now and then.
    Result<void> flush(CaptureBatch::Save save);

    const PassSetup& setup() const { return setup_; }
    StreamState& state() { return state_; }
    CaptureBatch& batch() { return batch_; }
    PassReport& report() { return report_; }
    // The source's clock when the pass began.
    std::int64_t now_local_us() const { return now_local_us_; }
    // The latest of the stamps by which the newest slice was asked for, among its rows.
    std::optional<std::int64_t> newest_stamp_us() const { return newest_stamp_us_; }
    // A row's key could not be read: it may be any record's, so this pass removes nothing.
    bool met_unreadable_key() const { return met_unreadable_key_; }

  private:
    // Slices by id repeat rows that were missed; the others tell of a row's relatives, too.
    enum class Relatives { ignore, note };
    struct ReadRow {  // as the map and the layout see it
        record::MappedRow mapped;
        std::optional<std::int64_t> window_us, stamp_us;
        std::uint64_t hash = 0, content = 0;
    };
    ReadRow map_row(const source::RowBatch& rows, std::size_t row);
    void take_row(
        const source::RowBatch& rows, std::size_t row, Relatives relatives, SeenKeys& seen
    );
    void add_row(ReadRow&& row, Relatives relatives, SeenKeys& seen);
    Result<std::int64_t> read_once(const source::Slice& slice, Relatives relatives, SeenKeys& seen);
    Result<void> make_room(const source::Slice& slice, SeenKeys& seen);
    bool is_taken_whole(const source::Slice& slice) const {
        return !setup_.can.ids || (slice.by == source::Slice::By::key_walk && slice.limit == 0);
    }
    void forget_slice();
    void leave_out_last_key();

    // lone_slices.cpp: where nothing can be asked by keys
    void take_alone(SeenKeys& seen);
    bool stays_aside(const std::string& row_key) const {
        return sees_part_ && ambiguous_.contains(row_key);
    }
    Result<void> settle_by_slice(const source::Slice& slice, Relatives relatives, SeenKeys& seen);

    // doubtful_rows.cpp
    void doubt_twice_met();
    void doubt_changed();
    void doubt(const std::string& row_key, const std::string& group);
    bool is_quarantined(const std::string& row_key) const {
        return !quarantined_.empty() && known_quarantined_.contains(row_key);
    }
    Result<void> settle_doubts(Relatives relatives, SeenKeys& seen);
    struct Reread {  // as doubts are judged by
        ReadRow row;
        std::string json;
        std::vector<std::optional<std::string>> cells;
    };
    Reread map_reread(const source::RowBatch& rows, std::size_t row);
    Result<void> read_again(
        std::span<const std::string> row_keys, Relatives relatives, SeenKeys& seen
    );
    void judge(
        std::span<const std::string> row_keys, std::vector<Reread>& rows, Relatives relatives,
        SeenKeys& seen
    );

    // bad_rows.cpp
    using TakeBatch = std::function<void(const source::RowBatch&)>;
    Result<void> read_keys(std::span<const std::string> row_keys, const TakeBatch& take);
    Result<bool> can_read_another(const std::string& row_key);
    Result<void> set_aside(const std::string& row_key, const Error& why);
    Result<std::int64_t> read_around(
        const source::Slice& slice, const Error& why, Relatives relatives, SeenKeys& seen
    );

    const PassSetup& setup_;
    StreamState& state_;
    const DeliverBatch& deliver_;
    CaptureBatch batch_;
    PassReport report_;
    std::size_t batch_rows_max_;
    bool met_unreadable_key_ = false;
    std::int64_t now_local_us_ = 0;
    source::Slice::Snapshot snapshot_ = source::Slice::Snapshot::of_pass;
    source::SliceEnd end_;                     // of the newest read
    std::unique_ptr<source::ReadAhead> walk_;  // where nothing else is read between pages

    StandingRows standing_;
    MetRows met_;  // by the slice under way
    enum class Taking {
        rows,
        keys,  // of a slice taken whole that is more than one batch: those that come twice …
        sound_rows,  // … and then, in a second read, the rows of the others
    } taking_ = Taking::rows;
    // Slices of stamps or the window show a part of the rows of a key; the others all of them.
    bool sees_part_ = false;
    std::optional<std::size_t> asked_stamp_;  // the slice under way is of this one
    std::optional<std::int64_t> newest_stamp_us_;
    struct Share {  // where that of the slice under way begins in the batch and the report
        std::size_t arrivals = 0, issues = 0, settled = 0;
        std::int64_t rows = 0, issues_told = 0;
        std::map<std::string, std::int64_t> skipped;
    } share_;
    std::map<std::string, std::string> doubts_;  // row key → what it may share with others
    std::vector<std::string> quarantined_;       // keys in quarantine when the pass began
    std::unordered_set<std::string> known_quarantined_, read_again_;
    // Without questions by keys: which of them are there as not unique, and with what content the
    // read of everything met them.
    std::unordered_set<std::string> ambiguous_;
    std::unordered_map<std::string, std::set<std::uint64_t>> met_quarantined_;
    bool any_keyless_known_;               // in quarantine when the pass began
    std::vector<std::string> keyless_;     // rows met without a key, as read
    std::unordered_set<std::string> bad_;  // row keys that the source could not read in this pass
    std::optional<bool> statement_works_;  // asked once, of a row that stands
};

}  // namespace mis::change
