// When to try again: exponential backoff with full jitter, and what Retry-After means.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

namespace mis::sink {

class Backoff {  // one thread
  public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest);
    // Uniform between 10 ms and min(longest, first × 2^(failures-1)); failures counts from 1.
    std::chrono::nanoseconds delay(std::uint32_t failures);

  private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds longest_;
    std::mt19937 random_;
};

// The value of a Retry-After header: seconds or an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"),
// as a wait from now, at most a day. nullopt: absent or unreadable.
std::optional<std::chrono::seconds> retry_after(std::string_view header, std::int64_t now_s);

}  // namespace mis::sink
