// The share of time that a source may work for us.
//
// A budget of source time fills at `percent` of the clock up to a second; a read may overdraw it,
// and the next one waits until it is paid back. So short polls never wait and long slices are
// followed by long pauses. One thread.
#pragma once

#include <algorithm>
#include <chrono>

namespace mis::source {

class DutyCycle {
  public:
    explicit DutyCycle(int percent) : percent_(percent) {}

    // How long to wait before the next read, at this moment of a steady clock.
    std::chrono::microseconds pause(std::chrono::nanoseconds now) {
        if (percent_ >= 100) return std::chrono::microseconds(0);
        if (started_)
            budget_ns_ = std::min(
                kBudgetNsMax,
                budget_ns_ + static_cast<double>((now - last_).count()) * percent_ / 100
            );
        started_ = true;
        last_ = now;
        if (budget_ns_ >= 0) return std::chrono::microseconds(0);
        return std::chrono::microseconds(
            static_cast<std::int64_t>(-budget_ns_ * 100 / percent_ / 1000) + 1
        );
    }
    void spent(std::chrono::nanoseconds source_time) {
        budget_ns_ -= static_cast<double>(source_time.count());
    }

  private:
    static constexpr double kBudgetNsMax = 1e9;
    int percent_;
    bool started_ = false;
    double budget_ns_ = kBudgetNsMax;
    std::chrono::nanoseconds last_{0};
};

}  // namespace mis::source
