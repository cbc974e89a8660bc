#include "sink/batch_size.hpp"

#include <algorithm>

namespace mis::sink {
namespace {

constexpr std::chrono::nanoseconds kFirstHold = std::chrono::minutes(10);
constexpr std::chrono::nanoseconds kLongestHold = std::chrono::hours(6);

std::size_t half(std::size_t size) { return std::max<std::size_t>(1, size / 2); }

}  // namespace

bool BatchSize::is_trial(Size size) const {
    return size.events > good_.events || size.bytes > good_.bytes;
}

bool BatchSize::bars(
    const std::optional<Ceiling>& one, std::size_t size, std::chrono::nanoseconds now
) {
    return one && now < one->until && size >= one->size;
}

void BatchSize::passed(Size size, std::chrono::nanoseconds now) {
    passed_since_ = true;
    good_.events = std::max(good_.events, size.events);
    good_.bytes = std::max(good_.bytes, size.bytes);
    if (events_ceiling_ && size.events >= events_ceiling_->size) events_ceiling_.reset();
    if (bytes_ceiling_ && size.bytes >= bytes_ceiling_->size) bytes_ceiling_.reset();
    if (!events_ceiling_ && !bytes_ceiling_) hold_ = {};
    doubts_ = doubts_ && (limit_.events < most_.events || limit_.bytes < most_.bytes);
    if (doubts_) grow(size, now);
}

void BatchSize::grow(Size size, std::chrono::nanoseconds now) {
    const std::size_t events = std::min(most_.events, limit_.events * 2);
    const std::size_t bytes = std::min(most_.bytes, limit_.bytes * 2);
    // where either may be the limit, one of them grows alone while the other is small
    const bool events_alone = cause_is_unclear_ && size.bytes <= good_.bytes / 4;
    const bool bytes_alone = cause_is_unclear_ && size.events <= good_.events / 4;
    if (size.events >= limit_.events && (events_alone || !bars(events_ceiling_, events, now)))
        limit_.events = events;
    if (size.bytes * 2 > limit_.bytes && (bytes_alone || !bars(bytes_ceiling_, bytes, now)))
        limit_.bytes = bytes;
}

void BatchSize::failed(Size size, std::chrono::nanoseconds now) {
    const bool is_limit = passed_since_ && is_trial(size);
    const bool may_be_bytes = size.bytes > good_.bytes;
    const bool may_be_events = size.events > good_.events;
    passed_since_ = false;
    doubts_ = true;
    if (is_limit) {
        hold_ = std::clamp(hold_ * 2, kFirstHold, kLongestHold);
        cause_is_unclear_ = may_be_bytes && may_be_events;
        if (may_be_events) events_ceiling_ = Ceiling{size.events, now + hold_};
        if (may_be_bytes) bytes_ceiling_ = Ceiling{size.bytes, now + hold_};
    }
    if (!is_limit || may_be_events) {
        limit_.events = std::min(limit_.events, half(size.events));
        good_.events = std::min(good_.events, limit_.events);
    }
    if (!is_limit || may_be_bytes) {
        limit_.bytes = std::min(limit_.bytes, half(size.bytes));
        good_.bytes = std::min(good_.bytes, limit_.bytes);
    }
}

}  // namespace mis::sink
