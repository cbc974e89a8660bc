// SentEvents: restore's door into the outbox. Events that left before the store was lost get their
// place in the log again, with the ids, sequences and change sets that they had, so that every
// sink, the feed and the books find them as if the store had never been lost. Sinks whose cursor
// lies before them deliver them once more, under the same ids.
//
// One owner, one thread, inside the caller's transaction. Loads the set of used ids (see
// used_ids.hpp) when it is made.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "outbox/outbox_event.hpp"
#include "sqlite/database.hpp"

namespace mis::outbox {

class SentEvents {
  public:
    explicit SentEvents(sqlite::Database& database);
    ~SentEvents();
    SentEvents(const SentEvents&) = delete;
    SentEvents& operator=(const SentEvents&) = delete;

    bool knows(std::string_view event_id) const;

    // Of a partition key in this epoch; 0: none.
    std::uint64_t last_sequence(std::string_view partition_key, std::uint32_t epoch) const;

    // In the order in which they were appended first. Read: everything but position, appended_us,
    // previous_of_party and the views' previous, which are counted here. The position of the first
    // is returned; 0: there were none.
    std::int64_t put_back(
        sqlite::Transaction& transaction, std::span<const OutboxEvent> events, std::int64_t now_us
    );

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mis::outbox
