// GzipUse: whether bodies travel packed. A receiver that does not unpack says so in many ways (415,
// 400, 403, 500 …), so a refusal of a packed body is believed only after the same was tried
// unpacked; if that is taken, packing is given up for a day. One thread; nothing survives a
// restart.
#pragma once

#include <chrono>

namespace mis::sink {

class GzipUse {
  public:
    explicit GzipUse(int level) : level_(level) {}

    int level(std::chrono::nanoseconds now) const {  // 0: unpacked
        return now < given_up_until_ ? 0 : level_;
    }
    // A packed body was taken so lately that a refusal has most likely another cause.
    bool is_proven(std::chrono::nanoseconds now) const { return now < proven_until_; }
    void packed_was_taken(std::chrono::nanoseconds now) {
        proven_until_ = now + std::chrono::hours(1);
        coincidences_ = 0;
    }

    enum class Cause {
        packing,  // 415: said in so many words
        refusal,  // another 4xx: the same body unpacked was taken at once
        failure,  // 5xx, a reset: it may have been back by chance
    };
    // true: given up now.
    bool unpacked_was_taken_instead(Cause cause, std::chrono::nanoseconds now) {
        if (cause == Cause::failure && ++coincidences_ < 2) return false;
        coincidences_ = 0;
        proven_until_ = {};
        given_up_until_ = now + std::chrono::hours(24);
        return true;
    }

  private:
    const int level_;
    std::chrono::nanoseconds proven_until_{0}, given_up_until_{0};
    int coincidences_ = 0;
};

}  // namespace mis::sink
