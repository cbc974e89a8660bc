// BatchSize: how much goes into one request, so that a receiver that fails only at large ones gets
// what it can take.
//
// A failing size is halved. What a smaller one then passes tells an outage from a limit: if the
// larger size fails again although smaller ones pass, it is a limit, and for a while (10 minutes,
// doubling up to 6 hours) nothing of that size is tried. Otherwise sizes double with each full
// request that passes. Events and bytes are kept apart: whichever is the receiver's limit is found.
// One thread; steady times; nothing survives a restart.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace mis::sink {

class BatchSize {
  public:
    struct Size {
        std::size_t events = 0;
        std::size_t bytes = 0;
    };

    explicit BatchSize(Size most) : most_(most), limit_(most) {}
    Size limit() const { return limit_; }
    bool is_trial(Size size) const;  // nothing as large has passed yet, in number or bytes
    // A trial after failures: one more is enough to go on with less.
    bool is_doubted(Size size) const { return doubts_ && is_trial(size); }
    void passed(Size size, std::chrono::nanoseconds now);
    void failed(Size size, std::chrono::nanoseconds now);

  private:
    struct Ceiling {  // that size failed while smaller ones passed
        std::size_t size = 0;
        std::chrono::nanoseconds until{0};
    };
    static bool bars(const std::optional<Ceiling>& one, std::size_t, std::chrono::nanoseconds now);
    void grow(Size size, std::chrono::nanoseconds now);

    const Size most_;
    Size limit_;
    Size good_;                      // the largest that passed, each for itself
    bool passed_since_ = false;      // something, since the last failure
    bool doubts_ = false;            // since a failure, until everything passes again
    bool cause_is_unclear_ = false;  // events or bytes: both grew
    std::optional<Ceiling> events_ceiling_, bytes_ceiling_;
    std::chrono::nanoseconds hold_{0};
};

}  // namespace mis::sink
