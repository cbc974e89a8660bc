#include "base/backoff.hpp"

#include <algorithm>

namespace mis {

Backoff::Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
    : first_(first), longest_(longest), random_(std::random_device()()) {}

std::chrono::nanoseconds Backoff::delay(std::uint32_t failures) {
    constexpr std::chrono::milliseconds kShortest(10);
    auto ceiling = first_;
    for (std::uint32_t i = 1; i < failures && ceiling < longest_; ++i) ceiling *= 2;
    ceiling = std::max(kShortest, std::min(ceiling, longest_));
    std::uniform_int_distribution<std::int64_t> between(
        kShortest.count() * 1'000'000, ceiling.count() * 1'000'000
    );
    return std::chrono::nanoseconds(between(random_));
}

}  // namespace mis
