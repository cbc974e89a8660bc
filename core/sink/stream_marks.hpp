// StreamMarks: what a stream had acknowledged, at some moments: by it a stream that lost its tail
// (a server that died before it wrote, an old copy put back) is noticed, and what is to be
// published again is known.
//
// A mark says: when the stream's message `sequence`, with id `id`, was acknowledged, every position
// before `low` had been acknowledged too. So where that message is still there, what was published
// before it is, and nothing before `low` need go again. The latest marks stand close, older ones
// apart. One thread; kept with the store as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mis::sink {

struct StreamMark {
    std::uint64_t sequence = 0;  // of the stream, from 1
    std::string id;              // Nats-Msg-Id of that message
    std::int64_t low = 0;        // position in the outbox
};

class StreamMarks {
  public:
    static StreamMarks from_text(std::string_view text);  // empty or unreadable: none
    std::string to_text() const;

    const std::string& stream() const { return stream_; }
    // Of another stream than before: all earlier marks are forgotten.
    void name_stream(const std::string& stream);
    void add(StreamMark mark);                                     // the latest
    void forget_behind(std::size_t count);                         // keeps the oldest `count`
    const std::vector<StreamMark>& all() const { return marks_; }  // oldest first

  private:
    static constexpr std::size_t kMarksMax = 64;
    std::string stream_;
    std::vector<StreamMark> marks_;
};

}  // namespace mis::sink
