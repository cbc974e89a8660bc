// RowReader: what the change station asks of any source: the rows of one slice of one stream.
//
// A slice is bounded and declared; the reader knows how to say it to its system (sql: placeholders
// in NAME.fetch.sql). No reader keeps a cursor, retries, pages on its own account or removes
// duplicates: that is core/change. Called from one worker thread of that source.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/row.hpp"

namespace mis::source {

struct Slice {
    enum class By {
        stamp,     // from <= stamps[stamp_index] < to
        window,    // from <= window column < to
        key_walk,  // key > after_id, in key order, at most limit rows (backfill, reconciliation);
                   // empty after_id: from the start
        ids,       // exactly these keys
    };
    By by = By::window;
    std::size_t stamp_index = 0;
    std::string from, to;  // the source's local time "YYYY-MM-DD HH:MM:SS[.ffff]", half-open
    std::string after_id;
    std::vector<std::string> ids;  // at most kIdsPerReadMax
    int limit = 0;
    bool operator==(const Slice&) const = default;
};

inline constexpr std::size_t kIdsPerReadMax = 200;

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

    // Hands the slice's rows to `take` in bounded batches, in the order the source gives them,
    // inside one read-only snapshot. unavailable: not reachable, too slow, cut off in the middle
    // (rows already handed over are not a complete slice) · misconfigured: the query cannot run on
    // this base, rights are missing · malformed: the answer has not the declared form · cancelled:
    // by cancel(), or `take` failed (its error is passed on).
    virtual Result<ReadReport> read(
        const std::string& stream, const Slice& slice,
        const std::function<Result<void>(RowBatch&&)>& take
    ) = 0;

    // The source's own clock now, "YYYY-MM-DD HH:MM:SS.ffff" local: stamps are compared with it,
    // never with ours.
    virtual Result<std::string> source_now() = 0;

    // What makes this base this base (creation date, key ranges): core/change holds a source whose
    // fingerprint changed.
    virtual Result<std::string> fingerprint() = 0;

    // From any thread: the running read ends with `cancelled` as soon as the system allows.
    virtual void cancel() = 0;
};

}  // namespace mis::source
