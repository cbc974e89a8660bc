// Full comparison: everything a stream has, by a key walk, against everything that stands. It finds
// what the cheaper rungs of the ladder cannot: deletions and edits outside any window.
//
// Both end with the confirmed removals in the reading's batch, handed over. Errors are the reader's
// and deliver's; after one nothing was removed for absence.
#pragma once

#include "base/result.hpp"
#include "change/stream_reading.hpp"

namespace mis::change {

// In one go: small streams at every poll, and keys that are texts.
Result<void> compare_everything(StreamReading& reading);

enum class Reconciliation {
    from_the_start,
    go_on,  // where an interrupted one stopped (StreamState::reconcile_after)
};
// The same with its drift shown in the state; page by page for streams keyed by whole numbers, so
// that a restart does not begin it again.
Result<void> reconcile(StreamReading& reading, Reconciliation begin);

}  // namespace mis::change
