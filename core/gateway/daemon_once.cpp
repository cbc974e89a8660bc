// The passes that a command asks for: `sync --once` and `reconcile`.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "gateway/daemon.hpp"

namespace mis::gateway {

// Records outcomes between the commits of a pass that the caller's thread is busy with: what an
// earlier run left behind is being delivered, and would be sent again if this one were killed too.
class Daemon::RecordsMeanwhile {
  public:
    explicit RecordsMeanwhile(Daemon& daemon) : daemon_(daemon), thread_([this] { run(); }) {}
    RecordsMeanwhile(const RecordsMeanwhile&) = delete;
    RecordsMeanwhile& operator=(const RecordsMeanwhile&) = delete;
    ~RecordsMeanwhile() {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        ended_.notify_one();
        thread_.join();
    }

  private:
    void run() {
        std::unique_lock lock(mutex_);
        while (!over_) {
            lock.unlock();
            try {
                daemon_.record_deliveries();
            } catch (const sqlite::StoreError& error) {
                daemon_.store_failed(error);
            }
            lock.lock();
            ended_.wait_for(lock, std::chrono::milliseconds(kTurnMilliseconds), [this] {
                return over_;
            });
        }
    }

    Daemon& daemon_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool over_ = false;  // guarded by mutex_
    std::thread thread_;
};

bool Daemon::sync_once(int deliver_seconds_max) {
    for (auto& lane : lanes_) lane->start();
    bool all = true;
    {
        const RecordsMeanwhile records(*this);
        if (inbox_) all &= inbox_->take_all();
        for (auto& source : sources_) all &= pass(*source->worker, change::PassMode::poll);
    }
    const auto until = clock_.steady() + std::chrono::seconds(deliver_seconds_max);
    for (auto& lane : slot_lanes_) lane->start();
    // Each tries one snapshot: it was taken, or the sink says what is wrong.
    const auto slots_tried = [this] {
        return std::all_of(slot_lanes_.begin(), slot_lanes_.end(), [](const auto& lane) {
            return lane->figures().sent_us > 0 || lane->status().health != sink::Health::working;
        });
    };
    const auto slots_sent = [this] {
        return std::all_of(slot_lanes_.begin(), slot_lanes_.end(), [](const auto& lane) {
            return lane->figures().sent_us > 0 && lane->status().health == sink::Health::working;
        });
    };
    for (;;) {
        turn();
        std::int64_t pending = 0, stopped = 0;
        for (auto& lane : lanes_) {
            const auto figures = lane->delivery().figures();
            pending += figures.pending;
            if (figures.state == outbox::SinkState::stopped) stopped += figures.pending;
        }
        if (pending == 0 && slots_tried()) break;
        if ((pending > 0 && pending == stopped && slots_tried()) ||
            clock_.steady() > until) {  // the stopped wait for a human
            all = false;
            break;
        }
        std::unique_lock lock(wake_mutex_);
        wake_.wait_for(lock, std::chrono::milliseconds(kTurnMilliseconds), [this] {
            return stopping_.load();
        });
        if (stopping_) return false;
    }
    return all && slots_sent();
}

bool Daemon::reconcile(const std::string& only_source, const std::string& only_stream) {
    bool all = true;
    for (auto& source : sources_)
        if (only_source.empty() || source->worker->name() == only_source)
            all &= pass(*source->worker, change::PassMode::reconcile, only_stream);
    return all;
}

}  // namespace mis::gateway
