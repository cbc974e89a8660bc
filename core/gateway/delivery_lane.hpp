// DeliveryLane: one configured sink with what it runs on: its own read connection, its way through
// the outbox, its connections to the receiver, its thread.
//
// The lane's outcomes are recorded by the pipeline's thread (record(), inside a transaction), so a
// sink never waits for a write.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "net/http_client.hpp"
#include "outbox/delivery.hpp"
#include "sink/file_sink.hpp"
#include "sink/nats_sink.hpp"
#include "sink/outbox_queue.hpp"
#include "sink/webhook_sink.hpp"

namespace mis::gateway {

struct SinkSetup {
    std::string name;
    outbox::DeliverySettings delivery;            // name and party filled in
    std::optional<sink::WebhookOptions> webhook;  // exactly one of the three
    std::optional<sink::FileOptions> file;
    std::optional<sink::NatsSinkOptions> nats;  // its marks come from the store
};

class DeliveryLane {
  public:
    // The sink must be registered. Throws std::runtime_error naming folder or file when it cannot
    // be opened.
    DeliveryLane(ClinicStore& store, SinkSetup setup, const Clock& clock);
    DeliveryLane(const DeliveryLane&) = delete;
    DeliveryLane& operator=(const DeliveryLane&) = delete;
    ~DeliveryLane() = default;  // lets what is in flight finish, a few seconds at most

    void start();
    // A sink that a 410 stopped stays stopped until a human acts: starting the daemon (or reloading
    // it) after mending the receiver is that act.
    void resume_if_stopped();
    void wind_down() { thread_.reset(); }
    void wake() { sink_->wake(); }
    outbox::Delivery& delivery() { return delivery_; }
    // Inside the pipeline's transaction: what was settled, and what the receiver had acknowledged.
    void record(sqlite::Transaction& transaction);
    sink::SinkStatus status() const { return sink_->status(); }
    // The local store failed under the sink (disk full): a new thread is started. Called from the
    // main loop.
    void restart_if_failed();
    const std::string& name() const { return setup_.name; }

  private:
    SinkSetup setup_;
    const Clock& clock_;
    sqlite::Database reader_;
    outbox::Delivery delivery_;
    sink::OutboxQueue queue_;
    std::unique_ptr<net::HttpClient> client_;  // of a webhook: driven by the sink's thread
    std::unique_ptr<sink::Sink> sink_;
    sink::NatsSink* nats_ = nullptr;  // sink_, if it is one
    std::string marks_written_;  // to the store; what a rollback undid is written with the next
    std::unique_ptr<sink::SinkThread> thread_;
};

}  // namespace mis::gateway
