#include "sink/retry_policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace mis::sink {
namespace {

constexpr std::int64_t kLongestWaitS = 86'400;

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value < 0) return std::nullopt;
    return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT" → seconds since 1970
std::optional<std::int64_t> fixdate(std::string_view text) {
    constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
    const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
    const auto day = whole_number(text.substr(5, 2));
    const auto year = whole_number(text.substr(12, 4));
    const auto hour = whole_number(text.substr(17, 2));
    const auto minute = whole_number(text.substr(20, 2));
    const auto second = whole_number(text.substr(23, 2));
    if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    const auto date = Date::from_ymd(
        static_cast<int>(*year), static_cast<int>(month - kMonths.begin()) + 1,
        static_cast<int>(*day)
    );
    if (!date) return std::nullopt;
    return std::int64_t{date->days} * 86'400 + *hour * 3600 + *minute * 60 + *second;
}

}  // namespace

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

std::optional<std::chrono::seconds> retry_after(std::string_view header, std::int64_t now_s) {
    const auto text = trim(header);
    if (text.empty()) return std::nullopt;
    auto wait = whole_number(text);
    if (!wait) {
        const auto until = fixdate(text);
        if (!until) return std::nullopt;
        wait = std::max<std::int64_t>(0, *until - now_s);
    }
    return std::chrono::seconds(std::min(*wait, kLongestWaitS));
}

}  // namespace mis::sink
