#include "base/backoff.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace mis;

TEST_CASE("backoff: full jitter below a doubling ceiling") {
    Backoff backoff(std::chrono::seconds(1), std::chrono::seconds(60));
    std::set<std::int64_t> seen;
    for (std::uint32_t failures = 1; failures < 40; ++failures) {
        const auto delay = backoff.delay(failures);
        CHECK(delay >= std::chrono::milliseconds(10));
        CHECK(
            delay <= std::chrono::seconds(
                         std::min<std::int64_t>(60, std::int64_t{1} << std::min(failures - 1, 10U))
                     )
        );
        seen.insert(delay.count());
    }
    CHECK(seen.size() > 30);
}
