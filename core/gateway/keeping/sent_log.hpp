// SentLog: the events that left before a store was lost, read back from what was written of them
// (JSON Lines of CloudEvents: a file sink's files, or what a receiver kept), and brought into the
// order in which the outbox had them.
//
// Files may come in any order, overlap, be of several sinks, end in a torn line, and repeat events
// (a replay, a retry). A party's view has less than the whole: what it says of billing and accounts
// is as good as anybody's, of plans it says only a sum, so those count as missing.
//
// Memory: every event that the store does not know, as text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "outbox/outbox_event.hpp"

namespace mis::gateway {

class SentLog {
  public:
    using Knows = std::function<bool(std::string_view event_id)>;

    SentLog(std::string clinic_id, Knows knows)
        : clinic_id_(std::move(clinic_id)), knows_(std::move(knows)) {}

    // misconfigured: not to be read, or of another clinic · malformed: a line that is no event of
    // this program, but for the last one, which was never acknowledged.
    Result<void> read(const std::filesystem::path& file);

    std::int64_t events() const { return events_; }  // read, the known ones and repeats included
    std::uint32_t epoch() const { return epoch_; }   // the latest; 0: there were no events

    // The unknown ones of the latest epoch, in the order of the outbox: each partition key by its
    // sequence, change sets whole, otherwise as the files have them. Call it once, at the end.
    std::vector<outbox::OutboxEvent> take_in_order();

    struct Gap {
        std::int64_t events = 0;
        std::string partition_key;  // of the first
        std::uint64_t after = 0;    // its last sequence before the gap
    };
    // What is missing between the last sequence that the store has of each key and the last that
    // the log has. Before take_in_order().
    Gap missing(const std::function<std::uint64_t(const std::string& partition_key)>& last) const;

  private:
    struct Line {
        outbox::OutboxEvent event;
        std::size_t file = 0, number = 0;  // where it was first met
        bool is_view = false;
    };
    std::string clinic_id_;
    Knows knows_;
    std::vector<Line> lines_;
    std::unordered_map<std::string, std::size_t> place_of_;  // by id, in lines_
    std::vector<std::string> files_;
    std::int64_t events_ = 0;
    std::uint32_t epoch_ = 0;

    void take(Line line);
    std::vector<std::size_t> usable() const;
    std::vector<std::size_t> ranks_of_files(const std::vector<std::size_t>& usable) const;
};

}  // namespace mis::gateway
