// What is remembered of a stream between passes: cursors, drift, failures; and what waits for a
// human: holds.
//
// Written in the transaction of the batch it belongs to, so after a crash cursor and records agree.
// An idle poll writes none of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "change/record_store.hpp"
#include "sqlite/database.hpp"

namespace mis::change {

struct Drift {                   // what the last full reconciliation found that the polls had not
    std::int64_t missing = 0;    // rows we did not have
    std::int64_t different = 0;  // rows we had otherwise
    std::int64_t extra = 0;      // records whose row is gone
    std::int64_t total() const { return missing + different + extra; }
    friend bool operator==(const Drift&, const Drift&) = default;
};

enum class Backfill { none = 0, running = 1, done = 2 };

struct StreamState {
    Backfill backfill = Backfill::none;
    std::string
        walk_after;  // backfill goes on after this key; then: the highest key seen (key tail)
    std::string hash_columns;  // "id,stamp,…": the columns at the first backfill; a row's hash is
                               // of these, so that a column which a later connector adds does not
                               // make every row look changed by the MIS
    std::vector<std::int64_t>
        stamp_cursors_us;  // per stamp, the source's local time: everything below was visible once
    // Of stamps that are tokens, by their index: everything below was read. None: not known yet.
    std::map<std::size_t, std::string> token_cursors;
    // Everything told below it was read (RowReader::told_bound); empty: nothing is told.
    std::string told_cursor;
    std::int64_t deletes_cursor_us = 0;  // of what was noted as deleted, the source's local time
    std::int64_t token_slice = 0;        // width of their slices; 0: not known yet
    std::int64_t overlap_us = 0;         // learnt from late commits; 0: the option's minimum
    std::int64_t late_from_us = 0;       // the source's local time; 0: no transaction of before the
    std::int64_t late_until_us = 0;  // backfill is expected any more. Until when; 0: not polled yet
    std::int64_t stamp_slice_us = 0;  // width that gave a handy number of rows; 0: not known yet
    std::int64_t window_slice_us = 0;
    std::int64_t history_read_us = 0;     // a backfill by periods goes on there, in local time
    std::int64_t window_compared_us = 0;  // our clock, as all below
    std::int64_t first_poll_us = 0;  // when the first poll after the backfill began: what was seen
                                     // before stood there before us (L0)
    std::int64_t reconciled_us = 0;
    Drift drift;                  // of the last reconciliation
    std::string reconcile_after;  // one under way goes on after this key; empty: none is
    Drift reconcile_drift;        // what it had found up to there
    // Mapping versions: of the last comparison of everything, and of the one under way. Another one
    // now: everything is mapped anew in the next pass, and held as a whole.
    std::string compared_mapping, reconcile_mapping;
    std::string error;  // why the last pass failed; empty: it did not
    std::int64_t failing_since_us = 0;
    std::int64_t saved_us = 0;
    std::int64_t retried_us = 0;  // the last retry_asked_us() that was done
    friend bool operator==(const StreamState&, const StreamState&) = default;
};

// StreamState::first_poll_us of the streams of that kind, by source, the latest of several; sources
// that have none are still read through for the first time.
std::map<std::string, std::int64_t> first_polls(sqlite::Database& database, std::string_view kind);

StreamState load_state(sqlite::Database& database, const StreamRef& stream);
void save_state(
    sqlite::Transaction& transaction, const StreamRef& stream, const StreamState& state
);

// A hold: something so unlike a working day that a human decides. Nothing is removed (stream) or
// read (source) until it is released.
struct Hold {
    std::string source;
    std::string stream;      // empty: the whole source, whose fingerprint changed
    std::string comparison;  // "window", "everything", "told": which comparison lost so much
    std::int64_t since_us = 0;
    std::string reason;
    std::int64_t missing = 0, known = 0;
    bool released = false;  // the next comparison may remove
    // The reason for whoever words it in another language; holds() gives it: "source_changed",
    // "source_older", and of a stream "window_lost", "everything_lost", "told_lost".
    std::string code = {};
};

std::vector<Hold> holds(sqlite::Database& database);

// A person wants the rows in quarantine read again: all of them at the next pass. 0: nobody asked.
void ask_retry(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
    std::int64_t now_us
);
std::int64_t retry_asked_us(sqlite::Database& database, const StreamRef& stream);

std::optional<Hold> removal_hold(
    sqlite::Database& database, const StreamRef& stream, std::string_view comparison
);
void save_removal_hold(sqlite::Transaction& transaction, const StreamRef& stream, const Hold& hold);
void clear_removal_hold(
    sqlite::Transaction& transaction, const StreamRef& stream, std::string_view comparison
);
// Empty stream: the source's new fingerprint is accepted. false: nothing is held there.
bool release_hold(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream
);

enum class FingerprintVerdict {
    first_seen,
    same,
    held,  // another base under the same name: do not read it
};
enum class KeyRanges {
    reached,
    sunk,  // the base's keys end below the newest that we have: an older copy of it
};
// What of the source cannot be read, as it was announced: stream ("" for the whole source) → why.
// Outlives the process, so that `source.degraded` and `source.recovered` come once each.
std::map<std::string, std::string> degraded_streams(
    sqlite::Database& database, const std::string& source
);
void set_degraded(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
    const std::string& why  // empty: it is read again
);

// Called after connecting, before the first stream of a pass. Writes only on first_seen and when a
// hold begins or ends. A sunk base that was released stays accepted until its keys have come up
// again.
FingerprintVerdict check_fingerprint(
    sqlite::Transaction& transaction, const std::string& source, const std::string& fingerprint,
    KeyRanges keys, std::int64_t now_us
);

}  // namespace mis::change
