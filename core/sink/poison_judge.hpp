// PoisonJudge: whether an event that is refused alone is poison, or its receiver refuses
// everything. A good event in the dead letters is the worse mistake, so it is an outage until other
// events pass while this one does not. One thread; steady times; nothing survives a restart: it
// then begins anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace mis::sink {

class PoisonJudge {
  public:
    enum class Refusal {
        of_everybody,  // 401, 403, 404, 405 …: about the request, not about what is in it
        of_content,    // 400, 422 …
    };

    struct Begin {                // when an event was first refused, alone or among others
        std::uint64_t taken = 0;  // requests before that
        std::chrono::nanoseconds at{0};
    };
    Begin begin(std::chrono::nanoseconds now) const { return {taken_, now}; }

    void taken(std::chrono::nanoseconds now) {  // a request with other events was
        ++taken_;
        taken_at_ = now;
    }
    void settled(const std::string& id) {  // the event was taken, or set aside
        if (!refused_.empty()) refused_.erase(id);
    }

    // The event was refused alone once more.
    // of_everybody: ten times, and another was taken since; of_content: another was taken since.
    // Where nothing else waits that could tell (at most three refused, none taken since): ten times
    // over ten minutes, five times over five seconds. In any case another was taken in the hour.
    bool is_poison(
        const std::string& id, Refusal refusal, Begin since, std::chrono::nanoseconds now
    );

  private:
    struct Record {
        std::uint32_t times = 0;
        Begin since;
    };
    std::unordered_map<std::string, Record> refused_;  // at most kRefusedMax
    std::uint64_t taken_ = 0;
    std::chrono::nanoseconds taken_at_{0};  // where taken_ > 0
};

}  // namespace mis::sink
