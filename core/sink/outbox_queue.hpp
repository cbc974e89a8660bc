// OutboxQueue: one sink's queue on the real outbox; renders the CloudEvents envelope at the moment
// of sending.
//
// Which thread touches which store: claim() reads through the Delivery's own read-only connection
// on the sink's thread; settling stays in memory until the pipeline's thread, the store's one
// writer, calls Delivery::record() inside its transaction. A sink therefore never waits for a
// write, and a crash in between sends again what was settled but not recorded, with the same ids.
#pragma once

#include "sink/delivery_queue.hpp"

namespace mis::sink {

class OutboxQueue final : public DeliveryQueue {
  public:
    OutboxQueue(outbox::Delivery& delivery, std::string clinic_id)
        : delivery_(delivery), clinic_id_(std::move(clinic_id)) {}

    std::vector<QueuedEvent> claim(std::size_t limit, PerKey per_key, std::size_t bytes_max)
        override;
    void settle(
        std::int64_t token, Outcome outcome, std::string_view reason, std::int64_t retry_after_us
    ) override;
    std::optional<std::chrono::nanoseconds> next_retry() const override {
        return delivery_.next_retry();
    }
    void retry_now() override { delivery_.retry_now(); }
    std::int64_t low_water() const override { return delivery_.low_water(); }
    std::int64_t rewind(std::int64_t position) override { return delivery_.rewind(position); }
    void stop(std::string_view reason) override { delivery_.stop(reason); }
    bool stopped() const override { return delivery_.sink_state() == outbox::SinkState::stopped; }
    std::string stopped_reason() const override { return delivery_.stopped_reason(); }

  private:
    outbox::Delivery& delivery_;
    const std::string clinic_id_;
};

}  // namespace mis::sink
