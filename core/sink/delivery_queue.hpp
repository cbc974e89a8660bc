// DeliveryQueue: what a sink needs of the outbox, and nothing more. Tests hand in one in memory;
// the daemon hands in OutboxQueue.
//
// All calls come from the sink's own thread, except where an implementation says more. Order and
// one-in-flight per partition key are the queue's duty (claim gives no event whose key has an
// unsettled claim); a sink keeps the order inside what it was given.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/delivery.hpp"

namespace mis::sink {

using outbox::Outcome;
using outbox::PerKey;

struct QueuedEvent {
    std::int64_t token = 0;  // names the claim when settling
    std::string id;
    std::string partition_key;
    std::string body;  // CloudEvents structured JSON, one line
    std::int64_t appended_us = 0;
    std::uint32_t attempts = 0;  // failed ones settled before
    bool is_stub = false;        // of a dead letter: it is never given up
    std::string type = {};       // "procedure.performed"
};

class DeliveryQueue {
  public:
    virtual ~DeliveryQueue() = default;
    virtual std::vector<QueuedEvent> claim(
        std::size_t limit, PerKey per_key, std::size_t bytes_max
    ) = 0;
    // retry_after_us: what the receiver asked for; 0: the queue's own backoff.
    virtual void settle(
        std::int64_t token, Outcome outcome, std::string_view reason, std::int64_t retry_after_us
    ) = 0;
    virtual std::optional<std::chrono::nanoseconds> next_retry() const = 0;  // on clock.steady()
    virtual void retry_now() = 0;
    // Everything before this position is settled; see outbox::Delivery for both.
    virtual std::int64_t low_water() const { return 0; }
    virtual std::int64_t rewind(std::int64_t position) { return position; }
    virtual void stop(std::string_view reason) = 0;  // durable, until a human acts
    virtual bool stopped() const = 0;
    virtual std::string stopped_reason() const = 0;
};

}  // namespace mis::sink
