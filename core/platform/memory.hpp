// The process's memory.
#pragma once

namespace mis::platform {

// Gives pages that the allocator holds without using them back to the system: after a large piece
// of work (a backfill), now and then otherwise. Takes some milliseconds; any thread.
void give_back_free_memory();

}  // namespace mis::platform
