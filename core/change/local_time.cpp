#include "change/local_time.hpp"

#include <fmt/format.h>

#include "base/timestamp.hpp"

namespace mis::change {

std::optional<std::int64_t> local_us(std::string_view text) {
    const auto parsed = LocalTime::parse(text);
    if (!parsed) return std::nullopt;
    return parsed->date.days * kUsPerDay + parsed->us_of_day;
}

std::string local_text(std::int64_t local_us) {
    const std::int64_t day =
        local_us >= 0 ? local_us / kUsPerDay : -((-local_us + kUsPerDay - 1) / kUsPerDay);
    const std::int64_t of_day = local_us - day * kUsPerDay;
    const std::int64_t seconds = of_day / kUsPerSecond;
    return fmt::format(
        "{} {:02}:{:02}:{:02}.{:04}", Date{static_cast<std::int32_t>(day)}.to_string(),
        seconds / 3600, seconds / 60 % 60, seconds % 60, of_day % kUsPerSecond / kTickUs
    );
}

}  // namespace mis::change
