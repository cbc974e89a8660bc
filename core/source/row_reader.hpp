// RowReader: what the change station asks of any source: the rows of one slice of one stream.
//
// A slice is bounded and declared; the reader knows how to say it to its system (sql: placeholders
// in NAME.fetch.sql). No reader keeps a cursor, retries, pages on its own account or removes
// duplicates: that is core/change. Called from one worker thread of that source.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/capabilities.hpp"
#include "source/row.hpp"

namespace mis::source {

struct Slice {
    enum class By {
        stamp,     // from <= stamps[stamp_index] < to
        window,    // from <= window column < to
        key_walk,  // key > after_id, in key order, at most limit rows (backfill, reconciliation);
                   // empty after_id: from the start; limit 0: all, in any order
        ids,       // exactly these keys
        deletes,   // from <= when it was deleted < to, where the base notes that
                   // (StreamDeclaration::deletes); keys() alone
    };
    By by = By::window;
    std::size_t stamp_index = 0;
    std::string from, to;  // the source's local time "YYYY-MM-DD HH:MM:SS[.ffff]", half-open;
                           // of a stamp that is a token: tokens (token_bound())
    std::string after_id;
    std::vector<std::string> ids;  // at most kIdsPerReadMax
    int limit = 0;
    // Of a pass that has begun: its one snapshot, or one of the slice's own (long walks).
    enum class Snapshot { of_pass, own } snapshot = Snapshot::of_pass;
    bool operator==(const Slice&) const = default;
};

inline constexpr std::size_t kIdsPerReadMax = 200;

// What a system tells of itself as written or deleted.
struct ToldKeys {
    // false: part of it is not kept any more, or there is more than was asked for
    bool complete = false;
    std::vector<std::string> keys;  // in any order, repeated or not
};

// What became of a read: how many rows, how long the source worked for it (for the duty-cycle limit
// and metrics).
struct ReadReport {
    std::int64_t rows = 0;
    std::int64_t source_us = 0;
};

class RowReader {
  public:
    virtual ~RowReader() = default;

    // Columns of the rows, in the order of connector.yaml's `columns:`.
    virtual const std::vector<std::string>& columns(const std::string& stream) const = 0;

    // What of the below this source can do for that stream; the same as long as it lives.
    virtual Capabilities capabilities(const std::string& /*stream*/) const { return {}; }

    // Hands the slice's rows to `take` in bounded batches, in the order the source gives them,
    // inside one read-only snapshot. unavailable: not reachable, too slow, cut off in the middle
    // (rows already handed over are not a complete slice) · misconfigured: the query cannot run on
    // this base, rights are missing · malformed: a value of some row cannot be computed or read, or
    // the answer has not the declared form · cancelled:
    // by cancel(), or `take` failed (its error is passed on).
    virtual Result<ReadReport> read(
        const std::string& stream, const Slice& slice,
        const std::function<Result<void>(RowBatch&&)>& take
    ) = 0;

    // The keys alone of a slice's rows, in its order, repeated ones repeated: also where reading
    // the rows themselves fails at one of them. More than `most`: malformed, as where the source
    // cannot say.
    virtual Result<std::vector<std::string>> keys(
        const std::string& stream, const Slice& slice, std::size_t most
    );

    // The source's own clock now, "YYYY-MM-DD HH:MM:SS.ffff" local: stamps are compared with it,
    // never with ours. Without Capabilities::own_clock: ours, in the source's zone.
    virtual Result<std::string> source_now() = 0;

    // Of stamps[stamp_index], a token (StreamDeclaration::tokens): every row whose token is below
    // the answer has been committed, and what is committed from now on gets it or a higher one. A
    // slice [from, answer) so needs no overlap. Tokens compare as texts, a shorter one is lower;
    // those of "0x" and 16 hex digits are numbers, whose slices may be cut in between. nullopt: the
    // system has no such column, or tells no bound.
    virtual Result<std::optional<std::string>> token_bound(
        const std::string& /*stream*/, std::size_t /*stamp_index*/
    ) {
        return std::optional<std::string>();
    }

    // Of a system that itself keeps a list of the rows that were written or deleted: where the list
    // stands now, an opaque text. What is committed from now on is told behind it. nullopt: it
    // keeps none of that stream, or this login must not see it.
    virtual Result<std::optional<std::string>> told_bound(const std::string& /*stream*/) {
        return std::optional<std::string>();
    }
    // The keys of the rows that were written or deleted since the list stood at `bound`, at most
    // that many; of rows written after the newest told_bound() too, or not.
    virtual Result<ToldKeys> told_since(
        const std::string& /*stream*/, const std::string& /*bound*/, std::size_t /*most*/
    ) {
        return ToldKeys();
    }

    // D2: from begin_pass() to end_pass() all slices but those with a snapshot of their own see one
    // state of the source, where it can give one; source_now() is the time before it was taken. It
    // lasts at most kSnapshotSecondsMax (source.hpp) and ends with the connection and with
    // every slice of the other kind; the next slice is read in a new one. end_pass(): how many
    // there were; 1: the pass was read in one state. Sources that cannot give one say 1.
    virtual void begin_pass() {}
    virtual int end_pass() { return 1; }
    // Whether a connection that stood died by itself, or could not be made, since last asked.
    virtual bool was_cut_off() { return false; }

    // When the oldest transaction began that may still write, "YYYY-MM-DD HH:MM:SS.ffff" local as
    // source_now(), which is the answer where there is none. nullopt: the source or this login
    // cannot tell.
    virtual std::optional<std::string> oldest_open_transaction() { return std::nullopt; }

    // What makes this base this base (creation date, key ranges): core/change holds a source whose
    // fingerprint changed.
    virtual Result<std::string> fingerprint() = 0;

    // From any thread: the running read ends with `cancelled` as soon as the system allows.
    virtual void cancel() = 0;
};

inline Result<std::vector<std::string>> RowReader::keys(
    const std::string& stream, const Slice&, std::size_t
) {
    return fail(ErrorKind::malformed, stream + ": this source cannot read keys alone");
}

}  // namespace mis::source
