// A queue in memory that keeps the outbox's promises: order and one unsettled run per key, stubs,
// backoff per key.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "base/clock.hpp"
#include "sink/delivery_queue.hpp"

namespace mis::test {

class MemoryQueue final : public sink::DeliveryQueue {
  public:
    explicit MemoryQueue(const Clock& clock) : clock_(clock) {}

    void add(const std::string& id, const std::string& key, const std::string& filler = {}) {
        Entry entry;
        entry.event.token = ++last_token_;
        entry.event.id = id;
        entry.event.partition_key = key;
        entry.event.body = R"({"id":")" + id + R"(","partitionkey":")" + key + R"(","filler":")" +
                           filler + R"("})";
        waiting_.push_back(entry);
    }

    std::vector<sink::QueuedEvent> claim(std::size_t limit, sink::PerKey per_key, std::size_t)
        override {
        std::vector<sink::QueuedEvent> given;
        if (stopped_) return given;
        std::set<std::string> passed_over;
        std::set<std::string> here;
        for (auto& entry : waiting_) {
            if (given.size() == limit) break;
            const std::string& key = entry.event.partition_key;
            const bool again = here.contains(key);
            if (passed_over.contains(key) || (busy_.contains(key) && !again) ||
                (again && per_key == sink::PerKey::one) || not_before_[key] > clock_.steady() ||
                entry.claimed) {
                passed_over.insert(key);
                continue;
            }
            entry.claimed = true;
            here.insert(key);
            ++busy_[key];
            given.push_back(entry.event);
        }
        return given;
    }

    void settle(std::int64_t token, sink::Outcome outcome, std::string_view reason, std::int64_t)
        override {
        const auto entry = std::find_if(waiting_.begin(), waiting_.end(), [&](const Entry& one) {
            return one.event.token == token;
        });
        MIS_ASSERT(entry != waiting_.end() && entry->claimed);
        const std::string key = entry->event.partition_key;
        if (--busy_[key] == 0) busy_.erase(key);
        entry->claimed = false;
        settled.emplace_back(entry->event.id, outcome);
        if (outcome == sink::Outcome::rejected && entry->event.is_stub)
            outcome = sink::Outcome::failed;
        switch (outcome) {
            case sink::Outcome::delivered:
                waiting_.erase(entry);
                break;
            case sink::Outcome::rejected:
                dead[entry->event.id] = reason;
                entry->event.id = "stub-" + entry->event.id;
                entry->event.is_stub = true;
                entry->event.attempts = 0;
                entry->event.body =
                    R"({"id":")" + entry->event.id + R"(","partitionkey":")" + key + R"("})";
                break;
            case sink::Outcome::failed:
            case sink::Outcome::unknown:
                ++entry->event.attempts;
                not_before_[key] = clock_.steady() + std::chrono::seconds(10);
                break;
            case sink::Outcome::returned:
                break;
        }
    }

    std::optional<std::chrono::nanoseconds> next_retry() const override {
        std::optional<std::chrono::nanoseconds> next;
        for (const auto& [key, at] : not_before_)
            if (at > clock_.steady() && (!next || at < *next)) next = at;
        return next;
    }
    void retry_now() override { not_before_.clear(); }
    void stop(std::string_view why) override {
        stopped_ = true;
        stop_reason = why;
    }
    bool stopped() const override { return stopped_; }
    std::string stopped_reason() const override { return stop_reason; }
    void resume() { stopped_ = false; }

    std::size_t pending() const { return waiting_.size(); }
    bool anything_claimed() const { return !busy_.empty(); }

    std::map<std::string, std::string> dead;  // id → reason
    std::vector<std::pair<std::string, sink::Outcome>> settled;
    std::string stop_reason;

  private:
    struct Entry {
        sink::QueuedEvent event;
        bool claimed = false;
    };
    const Clock& clock_;
    std::deque<Entry> waiting_;
    std::map<std::string, int> busy_;
    std::map<std::string, std::chrono::nanoseconds> not_before_;
    std::int64_t last_token_ = 0;
    bool stopped_ = false;
};

}  // namespace mis::test
