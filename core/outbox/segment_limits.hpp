// What the two writers of the outbox share: append() and restore. Private to core/outbox.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mis::outbox {

inline constexpr std::size_t kSegmentEventsMax = 256;
inline constexpr std::size_t kSegmentBytesMax = 48'000;
// outbox_key: behind it the party whose view of the key it is
inline constexpr char kViewSeparator = '\x1f';

// A number that no other state of the store has had, so that a cache from a rolled-back transaction
// is noticed.
std::int64_t fresh_version();

}  // namespace mis::outbox
