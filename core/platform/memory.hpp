// The process's memory.
#pragma once

namespace mis::platform {

// Before the first thread: few heaps, and large pieces of their own that go back when they are
// freed. A heap for each thread would stay at the largest which that thread ever needed.
void keep_memory_small();

// Gives back to the system what the allocator holds without using it, and the pages of program and
// libraries, most of which only the start needed (they are read from their files again where they
// are): after a large piece of work (a backfill), now and then otherwise. Takes some milliseconds;
// any thread.
void give_back_free_memory();

}  // namespace mis::platform
