// NATS sink: events as messages of a JetStream stream (schemas/README.md section 3).
//
// Subject mis.CLINIC.TYPE, Nats-Msg-Id the event's id. A window of publishes waits for the stream's
// acknowledgements, one per partition key, so that no failure can turn a key's order round.
//   acknowledged               delivered; a repeat that the stream drops counts as well
//   no answer in time          unknown, the same again with the same id
//   nobody listens (503)       no stream takes the subject, or it has no leader now: again
//   the stream's error         full, no room …: again; a message too long for it: rejected
//   the connection is lost     all that waits goes again on the next one
// Failures are retried for ever, exponential backoff with full jitter; after three in a row one
// publish at a time probes, and the first that is taken opens everything again. An event that fails
// while others are taken is settled as failed and comes back after its key's pause.
//
// An acknowledgement is not a disk: at each connect and every `look_every` the stream is asked
// whether the last message that it acknowledged is still there (stream_marks.hpp); if not, the
// outbox goes back to what the stream certainly has, and publishes again with the same ids. Memory:
// `window_events` events.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/backoff.hpp"
#include "base/json.hpp"
#include "net/nats_connection.hpp"
#include "sink/delivery_queue.hpp"
#include "sink/sink.hpp"
#include "sink/stream_marks.hpp"

namespace mis::sink {

struct NatsSinkOptions {
    net::NatsOptions connection;
    std::string clinic_id;
    std::string domain;                 // of JetStream; empty: the server's own
    std::size_t window_events = 1'000;  // publishes that wait for their acknowledgement
    std::chrono::milliseconds ack_timeout{5'000};
    std::chrono::seconds look_every{30};
    std::chrono::milliseconds backoff_first{1'000};
    std::chrono::milliseconds backoff_longest{60'000};
    std::string marks;  // as marks_text() gave them last
};

class NatsSink final : public Sink {
  public:
    // Queue and clock outlive the sink.
    NatsSink(std::string name, NatsSinkOptions options, DeliveryQueue& queue, const Clock& clock);
    ~NatsSink() override;

    std::optional<std::chrono::nanoseconds> turn() override;
    bool wind_down() override;
    void wait(std::chrono::nanoseconds at_most) override { mailbox_->wait(at_most); }
    void wake() override { mailbox_->wake(); }

    // What is to be kept with the store; from any thread.
    std::string marks_text() const;

    // Connects, and asks which stream takes the clinic's events (`check`). Publishes nothing.
    static Result<std::string> probe(const NatsSinkOptions& options);

  private:
    struct Pending {
        QueuedEvent event;
        std::string subject;
        std::uint32_t attempts = 0;            // sent so often
        bool is_sent = false;                  // waits for its acknowledgement
        std::chrono::nanoseconds due{0};       // not sent: when it goes
        std::uint64_t taken_before_first = 0;  // taken_ when it failed first
        bool has_failed = false;
        std::int64_t position() const { return event.token; }
    };
    struct Deadline {
        std::chrono::nanoseconds at{0};
        std::int64_t token = 0;
        std::uint32_t attempt = 0;
    };

    bool connect();
    void disconnect(const std::string& reason);
    void take_arrivals();
    void take(const net::NatsAnswer& answer);
    void acknowledged(Pending& pending, const Json& ack);
    void refused(Pending& pending, const Json& error);
    void take_time_outs();
    void failed(Pending& pending, Outcome outcome, const std::string& reason);
    void finish(std::int64_t token, Outcome outcome, const std::string& reason);
    void return_everything();
    void send_due();
    void send(Pending& pending);
    void claim_more();
    void mark();
    void look();
    bool is_there(
        const StreamMark& mark, std::uint64_t first, std::uint64_t last, std::string& trouble
    ) const;
    void note(const std::string& notice);
    Result<Json> ask(const std::string& what, const Json& question) const;
    std::string api(const std::string& what) const;
    bool in_outage() const { return failures_in_row_ >= kOutageAfter; }
    std::string subject_of(const std::string& type) const;

    static constexpr std::uint32_t kOutageAfter = 3;

    const NatsSinkOptions options_;
    DeliveryQueue& queue_;
    const Clock& clock_;
    Backoff backoff_;
    std::shared_ptr<net::NatsMailbox> mailbox_;
    std::unique_ptr<net::NatsConnection> connection_;
    std::chrono::nanoseconds connect_at_{0};
    std::uint32_t connects_failed_ = 0;
    std::unordered_map<std::int64_t, Pending> pending_;  // by token
    std::deque<Deadline> deadlines_;                     // of what is sent, oldest first
    std::size_t sent_ = 0;
    std::size_t failing_ = 0;  // of the pending: failed before
    std::uint64_t taken_ = 0;
    std::uint32_t failures_in_row_ = 0;
    std::chrono::nanoseconds probe_at_{0};
    StreamMark latest_;  // the last acknowledged
    std::chrono::nanoseconds marked_{0}, looked_{0};
    bool look_now_ = false;
    std::string moved_;  // into which stream events go since it was another
    bool winding_down_ = false;
    mutable std::mutex marks_mutex_;
    StreamMarks marks_;  // guarded by marks_mutex_
};

}  // namespace mis::sink
