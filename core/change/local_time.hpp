// Local times of a source as numbers: microseconds since 1970-01-01 00:00 on the source's own
// clock. Slices, cursors and windows are reckoned in them; they are never compared with ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mis::change {

// "2026-03-02", "2026-03-02 10:00:00.1234"; nullopt: no such time.
std::optional<std::int64_t> local_us(std::string_view text);
// "2026-03-02 10:00:00.1234": what slices carry (core/source/row_reader.hpp). Finer than 100 µs is
// cut off.
std::string local_text(std::int64_t local_us);

inline constexpr std::int64_t kTickUs = 100;  // the finest step of local_text

}  // namespace mis::change
