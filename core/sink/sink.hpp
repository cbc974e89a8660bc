// Sink: station 7. Carries what the outbox holds to one receiver, at least once, in order per
// partition key.
//
// A sink is a state machine driven by turn(), on one thread; SinkThread is that thread in the
// daemon, tests drive it themselves with a fake clock. Nothing here is durable: what was not
// settled is claimed and sent again after a crash, with the same ids. Sinks are independent: each
// has its own thread, queue and failures; a slow or dead one does not hold the others.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.hpp"

namespace mis::sink {

enum class Health {
    working,
    failing,  // retried for ever; the reason says why
    stopped,  // 410 or the operator: waits for a human
};

// Upper bounds in seconds of the latency histogram; the last bucket is everything above.
inline constexpr std::array<int, 10> kLatencyBoundsS = {1,  2,   5,    10,   30,
                                                        60, 300, 1800, 7200, 86400};

struct SinkStatus {
    Health health = Health::working;
    std::string reason;            // of failing and stopped: what a human can act on; no content
    std::string notice;            // what a human should know though it works; no content
    std::uint64_t tails_lost = 0;  // how often the receiver had lost what it had acknowledged
    std::size_t in_flight = 0;     // requests
    std::uint64_t events_delivered = 0;
    std::uint64_t events_rejected = 0;
    // delivery_attempts_total{sink,outcome}; one attempt is one request (or one fsynced write)
    std::uint64_t attempts_delivered = 0;    // 2xx
    std::uint64_t attempts_rejected = 0;     // other 4xx
    std::uint64_t attempts_throttled = 0;    // 429, 503 with Retry-After
    std::uint64_t attempts_failed = 0;       // 5xx, 3xx: answered, not taken
    std::uint64_t attempts_unavailable = 0;  // certainly not sent
    std::uint64_t attempts_unknown = 0;      // may have been taken
    // end_to_end_seconds: from the outbox append to the 2xx
    std::array<std::uint64_t, kLatencyBoundsS.size() + 1> latency_buckets = {};
    std::uint64_t latency_sum_ms = 0;
};

class Sink {
  public:
    explicit Sink(std::string name) : name_(std::move(name)) {}
    virtual ~Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    // Does whatever can be done without waiting. Returns when the next turn is due at the latest,
    // on clock.steady(); nullopt: only after wake() or an answer.
    virtual std::optional<std::chrono::nanoseconds> turn() = 0;
    // From now on nothing new is sent, and what waits goes back to the queue; true once nothing is
    // in flight.
    virtual bool wind_down() = 0;
    // What its thread does between two turns: until wake(), an answer is there, or for this long.
    virtual void wait(std::chrono::nanoseconds at_most) = 0;

    // From any thread.
    // Events were appended, the operator resumed it, or it shall stop: the present or the next
    // wait() ends at once.
    virtual void wake() = 0;
    SinkStatus status() const;
    const std::string& name() const { return name_; }

  protected:
    void set_health(Health health, const std::string& reason);  // logs the change, once
    void count_latency(std::int64_t appended_us, std::int64_t now_us);

    const std::string name_;
    mutable std::mutex status_mutex_;
    SinkStatus status_;  // guarded by status_mutex_
};

class SinkThread {  // runs one sink until destroyed
  public:
    SinkThread(Sink& sink, const Clock& clock);
    SinkThread(const SinkThread&) = delete;
    SinkThread& operator=(const SinkThread&) = delete;
    ~SinkThread();  // lets what is in flight finish, for at most 5 s

    // What ended it early: a local store's failure (disk full); the owner reports it and makes a
    // new one. Empty: running.
    std::string failure() const;

  private:
    void run();
    Sink& sink_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    bool stopping_ = false;  // guarded by mutex_
    std::string failure_;    // guarded by mutex_
    std::thread thread_;
};

}  // namespace mis::sink
