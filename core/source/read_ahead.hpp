// ReadAhead: reads a stream's slices ahead of whoever works on their rows, so that the source's
// time and ours pass together: within a slice, and from the end of one into the next.
//
// What comes after a slice is a guess by how its rows ended: while the last rows are worked on, the
// next slice is already being read. It is used if it is what is asked for next; another question
// ends it. Owned by one thread; the reader runs on another one while a slice is under way, and
// belongs to that one until stop(), or until a slice after which nothing is guessed has ended.
// Waiting: at most kBatchesAheadMax batches, beside the one in the source's hands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "source/row_reader.hpp"

namespace mis::source {

inline constexpr std::size_t kBatchesAheadMax = 2;

// The rows of a slice, by their keys in the order of the source.
struct SliceEnd {
    std::int64_t rows = 0;
    std::string last_key, key_before_last;  // empty: there was none

    void follow(std::string_view key) {
        if (key == last_key) return;
        key_before_last = std::move(last_key);
        last_key = key;
    }
};

class ReadAhead {
  public:
    // Called on the reading thread. nullopt: nothing is read before it is asked for.
    using Guess = std::function<std::optional<Slice>(const Slice& slice, const SliceEnd& end)>;

    ReadAhead(RowReader& reader, std::string stream, std::size_t key_column, Guess guess = {});
    ~ReadAhead();  // as stop()
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    // As reader.read(stream, slice, take): the same batches in the same order, `take` on the
    // caller's thread, and nothing handed over after it failed.
    Result<ReadReport> read(
        const Slice& slice, const std::function<Result<void>(RowBatch&&)>& take
    );

    // Ends what was begun ahead; waits for the source's answer that is under way, or its pause.
    void stop();

  private:
    class Reading;
    RowReader& reader_;
    const std::string stream_;
    const std::size_t key_column_;
    const Guess guess_;
    std::unique_ptr<Reading> reading_;  // while a slice is under way
    std::optional<Slice> guessed_;      // what it reads now or next; none: the slice asked for
};

}  // namespace mis::source
