// Outbox: station 6, the append side. Disclosed events get their id (I2), their sequence (I4) and a
// place in the queue.
//
// Layout, chosen for speed (core/decisions/0006): events lie in segments of up to 256, packed,
// bodies once and without envelope; a partition key has one row with its last sequence; the ids
// ever used are a set of 64-bit prefixes. n of I2 is found by probing that set: the first n whose
// id was not used, which is the count of earlier events with the same first five, and can be
// rebuilt from the events alone (restore). Events that the gate withheld are not counted in n: what
// never left cannot be read back from what was sent.
//
// Everything is written inside the caller's transaction: after a crash it is all there or not at
// all, and a repeated pass gives the same ids.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "disclosure/disclosed_event.hpp"
#include "outbox/outbox_event.hpp"
#include "sqlite/database.hpp"

namespace mis::outbox {

struct ChangeSet {
    std::int64_t at_us = 0;  // when it is given meaning
};

struct AppendReport {
    std::int64_t first_position = 0;  // 0: nothing was appended
    std::int64_t last_position = 0;
    std::vector<std::string> ids;  // in the order given
};

class Outbox {  // one per store, used by the thread that writes
  public:
    Outbox(const Identity& identity, std::uint32_t epoch);
    ~Outbox();
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    // One write transaction's worth of appends. Call finish() before the transaction commits;
    // without it nothing was appended.
    class Appender {
      public:
        Appender(Outbox& outbox, sqlite::Transaction& transaction);
        ~Appender();
        Appender(const Appender&) = delete;
        Appender& operator=(const Appender&) = delete;

        // The id that an event with this content would get if it were appended next, or after `nth`
        // others with the same three (the domain asks while it evaluates: Rules::event_id_of).
        std::string next_id(
            std::string_view entity_id, std::string_view type, std::string_view identity,
            std::uint64_t nth = 0
        );
        std::uint64_t next_n(
            std::string_view entity_id, std::string_view type, std::string_view identity
        );

        // Whether no event has had this id, those appended here included.
        bool is_free(std::string_view id);

        // One change set, in D3's order. An empty one is nothing.
        AppendReport append(
            std::span<const disclosure::DisclosedEvent> events, const ChangeSet& change_set
        );
        void finish();

        // Of a name that repeats, among outbox_name; 0: the empty one.
        std::int64_t name_number(const std::string& name);

      private:
        struct State;
        std::unique_ptr<State> state_;
    };

    std::uint32_t epoch() const { return epoch_; }

  private:
    struct Cache;  // what may be kept between transactions; thrown away when the store says another
                   // version
    const Identity& identity_;
    std::uint32_t epoch_;
    std::unique_ptr<Cache> cache_;
};

// Events after a position, in order, at most `limit` and about `bytes_max` of data: feed, `events`
// command, scenario, restore.
std::vector<OutboxEvent> read_events(
    sqlite::Database& database, std::int64_t after_position, std::size_t limit,
    std::size_t bytes_max = 4'000'000
);

std::int64_t last_position(sqlite::Database& database);  // 0: nothing was ever appended
// Of what retention left; behind the last one where it left nothing.
std::int64_t first_position(sqlite::Database& database);

// I4: what a sink last took against what we hold. misconfigured, naming `restore`, when the sink is
// ahead of us.
Result<void> check_not_behind(
    sqlite::Database& database, std::string_view partition_key, std::string_view sequence_20_digits
);

// Deletes segments older than keep_us that every sink has; at most `segments_max` per call. Returns
// the events deleted.
std::int64_t prune(
    sqlite::Transaction& transaction, std::int64_t now_us, std::int64_t keep_us,
    int segments_max = 64
);

}  // namespace mis::outbox
