// Full comparison: everything a stream has, by a key walk where the source can be walked, against
// everything that stands. It finds what the cheaper rungs of the ladder cannot: deletions and edits
// outside any window. Of a source that gives only periods it compares the declared history
// (all_rows.hpp) with what stands in it; what stands outside stays as it is.
//
// Both end with the confirmed removals in the reading's batch, handed over. Errors are the reader's
// and deliver's; after one nothing was removed for absence.
#pragma once

#include "base/result.hpp"
#include "change/stream_reading.hpp"

namespace mis::change {

// In one go: small streams at every poll, keys that are texts, sources that cannot be walked or
// asked for single keys.
Result<void> compare_everything(StreamReading& reading);

enum class Reconciliation {
    from_the_start,
    go_on,  // where an interrupted one stopped (StreamState::reconcile_after)
};
// The same with its drift shown in the state; page by page for streams keyed by whole numbers, so
// that a restart does not begin it again.
Result<void> reconcile(StreamReading& reading, Reconciliation begin);

}  // namespace mis::change
