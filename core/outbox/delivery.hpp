// Delivery: one sink's way through the outbox. Who is next, what became of it, and what of that
// survives a crash.
//
// Order: per partition key strictly by sequence, at most one claim in flight per key; between keys
// by position. Memory is bounded by the window whatever the backlog: a key that keeps failing is
// set apart (its positions go to outbox_parked) and the others flow on; when too many keys fail at
// once the receiver is the trouble, and reading stops. Durable is what record() wrote and its
// transaction committed: the low-water position, the settled positions above it, parked keys, dead
// letters, totals. What was settled but not recorded is sent again after a crash, with the same
// ids. Threads: all functions may be called from any thread (one mutex inside); `reader` is used by
// claim() only and must be a connection of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "outbox/outbox_event.hpp"
#include "sqlite/database.hpp"

namespace mis::outbox {

enum class Outcome {
    delivered,
    rejected,  // the receiver will never take it: dead letter, and a stub takes its place; of the
               // stub itself: as failed, since its sequence is owed
    failed,    // certainly not taken: again after the key's backoff
    unknown,   // it may have been taken: counted apart, again after the key's backoff, same id
    returned,  // not tried, or the whole receiver is away: back to its place, at once, nothing
               // counted
};

enum class PerKey {
    one,  // at most one event of a key per claim: single-event POSTs in parallel
    run,  // several in order: batches, files
};

struct Claim {
    std::int64_t token = 0;                    // names it when settling
    std::shared_ptr<const OutboxEvent> event;  // a stub where the event is a dead letter
    std::uint32_t attempts = 0;                // made before this one
    bool is_stub = false;
};

enum class SinkState { running, stopped };

struct SinkFigures {
    SinkState state = SinkState::running;
    std::string stopped_reason;  // what a human has to mend
    std::int64_t pending = 0;    // outbox_events{sink}
    std::int64_t in_flight = 0;
    std::int64_t oldest_us = 0;     // appended_us of the oldest pending event; 0: none pending
    std::int64_t keys_waiting = 0;  // in backoff
    std::uint64_t delivered = 0, failed = 0, unknown = 0,
                  rejected = 0;  // totals of this sink, kept in the store
    std::int64_t dead_letters = 0;
};

struct DeliverySettings {
    std::string sink;   // name in the config
    std::string party;  // X3: only events of this party; empty: all
    std::size_t window_events_max = 4096;
    std::size_t window_bytes_max = 8'000'000;
    std::int64_t backoff_first_us = 1'000'000;
    std::int64_t backoff_max_us = 300'000'000;
};

class Delivery {
  public:
    // Creates the sink's row when it is new: it begins with the oldest event that is still held.
    static void register_sink(sqlite::Transaction& transaction, std::string_view sink);
    // Forgets the sink, its parked keys and dead letters (`--discard`). Returns how many events it
    // had not had.
    static std::int64_t discard_sink(sqlite::Transaction& transaction, std::string_view sink);

    // The sink must be registered (committed). Throws StoreError otherwise.
    Delivery(sqlite::Database& reader, DeliverySettings settings, const Clock& clock);
    ~Delivery();
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    // The next events that may be sent now, at most `limit` and about bytes_max of data (at least
    // one). Empty: nothing to do, or the sink is stopped.
    std::vector<Claim> claim(std::size_t limit, PerKey per_key, std::size_t bytes_max = 1'000'000);

    // Every claim is settled exactly once. `reason` is for people (never content); retry_after_us:
    // what Retry-After asked, 0 = own backoff.
    void settle(
        std::int64_t token, Outcome outcome, std::string_view reason = {},
        std::int64_t retry_after_us = 0
    );

    // When the earliest waiting key may be tried again, on clock.steady(); nullopt: none waits.
    std::optional<std::chrono::nanoseconds> next_retry() const;
    void retry_now();  // the receiver is back: forget all backoffs

    // All positions before it are settled, also those that were set apart.
    std::int64_t low_water() const;
    // The receiver lost what it had acknowledged: everything from this position on is sent again,
    // same ids, in order per key. Nothing may be in flight. Returns where it begins: not before the
    // oldest event that is kept, nor behind what was reached.
    std::int64_t rewind(std::int64_t position);

    void stop(std::string_view reason);  // 410, or the operator; durable with the next record()
    void resume();
    SinkState sink_state() const;  // without a look into the store
    std::string stopped_reason() const;

    // Writes what was settled since the last commit, and its audit rows; group many outcomes into
    // one call. Safe to repeat after a rollback.
    bool has_unrecorded() const;
    void record(sqlite::Transaction& transaction);
    void recorded();  // the transaction of record() was committed

    SinkFigures figures();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

struct DeadLetter {
    std::string sink;
    std::int64_t position = 0;
    std::string state;  // "dead", "retry", "delivered"
    std::string reason;
    std::int64_t at_us = 0;
    OutboxEvent event;  // the original
};

std::vector<std::string> registered_sinks(sqlite::Database& database);

std::vector<DeadLetter> dead_letters(
    sqlite::Database& database, std::string_view sink, std::size_t limit
);  // empty sink: all
// The original is sent once more, after the fact: its sequence was already taken by the stub.
// False: no such dead letter.
bool retry_dead_letter(
    sqlite::Transaction& transaction, std::string_view sink, std::int64_t position
);

// The events of these positions are sent once more to a sink, same ids and sequences; how many.
// rejected: no such sink, or no longer kept.
Result<std::int64_t> replay(
    sqlite::Transaction& transaction, std::string_view sink, std::int64_t from, std::int64_t to
);

}  // namespace mis::outbox
