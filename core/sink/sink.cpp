#include "sink/sink.hpp"

#include <algorithm>
#include <exception>

#include "base/log.hpp"

namespace mis::sink {

using std::chrono::nanoseconds;

SinkStatus Sink::status() const {
    const std::lock_guard lock(status_mutex_);
    return status_;
}

void Sink::set_health(Health health, const std::string& reason) {
    {
        const std::lock_guard lock(status_mutex_);
        status_.reason = reason;
        if (status_.health == health) return;
        status_.health = health;
    }
    switch (health) {
        case Health::working:
            return log::info("sink {} works again", name_);
        case Health::failing:
            return log::warn("sink {} fails, trying again: {}", name_, reason);
        case Health::stopped:
            return log::error("sink {} stopped until an operator resumes it: {}", name_, reason);
    }
}

void Sink::count_latency(std::int64_t appended_us, std::int64_t now_us) {
    if (appended_us <= 0) return;
    const std::int64_t us = std::max<std::int64_t>(0, now_us - appended_us);
    std::size_t bucket = 0;
    while (bucket < kLatencyBoundsS.size() && us > std::int64_t{kLatencyBoundsS[bucket]} * 1'000'000
    )
        ++bucket;
    const std::lock_guard lock(status_mutex_);
    ++status_.latency_buckets[bucket];
    status_.latency_sum_ms += static_cast<std::uint64_t>(us / 1000);
}

SinkThread::SinkThread(Sink& sink, const Clock& clock)
    : sink_(sink), clock_(clock), thread_([this] { run(); }) {}

SinkThread::~SinkThread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    sink_.wake();
    thread_.join();
}

std::string SinkThread::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void SinkThread::run() {
    constexpr nanoseconds kLongestSleep =
        std::chrono::seconds(60);  // a safety net: what matters wakes it
    constexpr nanoseconds kDrain = std::chrono::seconds(5);
    const auto stopping = [this] {
        const std::lock_guard lock(mutex_);
        return stopping_;
    };
    try {
        while (!stopping()) {
            const auto due = sink_.turn();
            const auto wait = due ? *due - clock_.steady() : kLongestSleep;
            if (wait.count() > 0) sink_.wait(std::min(wait, kLongestSleep));
        }
        const auto give_up = clock_.steady() + kDrain;
        while (!sink_.wind_down() && clock_.steady() < give_up)
            sink_.wait(give_up - clock_.steady());
    } catch (const std::exception& error
    ) {  // the local store: nothing is lost, unsettled claims come again
        log::error("sink {} ended: {}", sink_.name(), error.what());
        const std::lock_guard lock(mutex_);
        failure_ = error.what();
    }
}

}  // namespace mis::sink
