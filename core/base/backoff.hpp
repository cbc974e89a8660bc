// Backoff: how long to wait after so many failures in a row. The one of all that is tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace mis {

class Backoff {  // one thread
  public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest);
    // Full jitter below a doubling ceiling: uniform between 10 ms and
    // min(longest, first × 2^(failures-1)); failures counts from 1.
    std::chrono::nanoseconds delay(std::uint32_t failures);

  private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds longest_;
    std::minstd_rand random_;  // jitter needs no better
};

}  // namespace mis
