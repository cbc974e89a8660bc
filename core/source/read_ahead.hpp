// Reads a slice one batch ahead: the source fills the next batch while the last one is worked on,
// so that the source's time and ours pass together.
#pragma once

#include "source/row_reader.hpp"

namespace mis::source {

// As reader.read(stream, slice, take): the same batches in the same order, `take` on the caller's
// thread, and nothing handed over after it failed. The reader runs on a thread of its own until
// this returns.
Result<ReadReport> read_ahead(
    RowReader& reader, const std::string& stream, const Slice& slice,
    const std::function<Result<void>(RowBatch&&)>& take
);

}  // namespace mis::source
