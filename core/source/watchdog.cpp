#include "source/watchdog.hpp"

namespace mis::source {

Watchdog::Watchdog() : thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

Watchdog::Guard::Guard(
    Watchdog& watchdog, Interruptible& connection, std::chrono::steady_clock::time_point deadline
)
    : watchdog_(watchdog) {
    {
        const std::lock_guard lock(watchdog_.mutex_);
        watchdog_.connection_ = &connection;
        watchdog_.deadline_ = deadline;
        watchdog_.stage_ = Stage::running;
        watchdog_.verdict_ = Verdict::untouched;
    }
    watchdog_.changed_.notify_all();
}

Watchdog::Guard::~Guard() {
    // the lock waits for a cancel that is being sent: the connection must outlive it
    const std::lock_guard lock(watchdog_.mutex_);
    watchdog_.stage_ = Stage::idle;
    watchdog_.connection_ = nullptr;
}

Watchdog::Verdict Watchdog::Guard::verdict() const {
    const std::lock_guard lock(watchdog_.mutex_);
    return watchdog_.verdict_;
}

void Watchdog::cancel() {
    {
        const std::lock_guard lock(mutex_);
        cancel_asked_ = true;
    }
    changed_.notify_all();
}

void Watchdog::forget_cancel() {
    const std::lock_guard lock(mutex_);
    cancel_asked_ = false;
}

bool Watchdog::cancel_asked() const {
    const std::lock_guard lock(mutex_);
    return cancel_asked_;
}

void Watchdog::wait_unless_cancelled(std::chrono::microseconds duration) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, duration, [this] { return cancel_asked_; });
}

void Watchdog::watch() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        if (stage_ == Stage::idle || stage_ == Stage::aborted) {
            changed_.wait(lock);
            continue;
        }
        const auto now = std::chrono::steady_clock::now();
        const bool due = now >= deadline_ || (stage_ == Stage::running && cancel_asked_);
        if (!due) {
            changed_.wait_until(lock, deadline_);
            continue;
        }
        if (stage_ == Stage::running) {
            verdict_ = cancel_asked_ ? Verdict::cancelled : Verdict::too_long;
            stage_ = Stage::raised;
            deadline_ = now + kAbortAfter;
            connection_->cancel(Interruptible::Cancel::raise);
        } else {
            stage_ = Stage::aborted;
            connection_->cancel(Interruptible::Cancel::abort);
        }
    }
}

}  // namespace mis::source
