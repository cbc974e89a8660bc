// CaptureBatch: what one slice of a stream amounts to, ready for a transaction.
//
// Made by StreamReading outside any transaction; whoever delivers it begins one, calls apply() and
// commits (the capture transaction). What holds after a crash: the batch carries the stream's state
// that is true once it is in, so records and cursor agree; whatever was not committed is read
// again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "change/record_store.hpp"
#include "change/stream_state.hpp"
#include "record/mapper.hpp"

namespace mis::change {

struct CaptureBatch {
    StreamRef stream;
    CaptureOptions options;
    std::vector<Arrival> arrivals;
    std::vector<std::string> gone;     // records whose absence was confirmed
    std::vector<KnownRecord> missing;  // of a reconciliation under way, to be remembered
    enum class Forget { nothing, missing } forget = Forget::nothing;  // before adding those
    std::vector<record::RowIssue> issues;                             // for the quarantine
    std::vector<std::string> settled;  // rows in quarantine that make sense now, are left out on
                                       // purpose or are gone: their keys
    // Of a pass that read the whole stream: all rows it met without a key, as read.
    std::optional<std::vector<std::string>> keyless;
    std::map<std::string, std::int64_t> skipped;  // reason → rows left out on purpose
    std::int64_t rows = 0;
    StreamState state;  // once this batch is in
    enum class Save { if_written, always } save = Save::if_written;
    enum class HoldChange { none, begin, end } hold_change = HoldChange::none;
    Hold hold;

    // Nothing of it needs a transaction, but perhaps its state.
    bool empty() const;
};

// Commits the batch and returns apply()'s counts. It may work behind (return the counts of an
// earlier batch, each once), if the StreamPass is thrown away when one of them fails after all.
using DeliverBatch = std::function<Result<CaptureCounts>(CaptureBatch&&)>;

// Inside the pipeline's transaction. Writes nothing when nothing changed.
CaptureCounts apply(
    sqlite::Transaction& transaction, RecordStore& records, CaptureBatch& batch, std::int64_t now_us
);

}  // namespace mis::change
