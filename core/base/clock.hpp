// Clock: the one seam for time. Everything that asks "what time is it" takes a Clock&; tests hand
// in a FakeClock.
#pragma once

#include <chrono>
#include <cstdint>

namespace mis {

class Clock {
  public:
    virtual ~Clock() = default;
    virtual std::int64_t unix_us() const = 0;             // wall clock, may jump
    virtual std::chrono::nanoseconds steady() const = 0;  // never goes back
};

class SystemClock final : public Clock {
  public:
    std::int64_t unix_us() const override;
    std::chrono::nanoseconds steady() const override;
};

class FakeClock final : public Clock {  // single-threaded tests
  public:
    explicit FakeClock(std::int64_t unix_us = 1'772'440'000'000'000) : unix_us_(unix_us) {}
    std::int64_t unix_us() const override { return unix_us_; }
    std::chrono::nanoseconds steady() const override { return steady_; }
    void advance(std::chrono::microseconds by) {
        unix_us_ += by.count();
        steady_ += by;
    }
    void set_wall(std::int64_t unix_us) { unix_us_ = unix_us; }  // a jump: steady time stays

  private:
    std::int64_t unix_us_;
    std::chrono::nanoseconds steady_{0};
};

}  // namespace mis
