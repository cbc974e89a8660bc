#include "sink/feed/view.hpp"

#include <algorithm>

#include "outbox/outbox.hpp"

namespace mis::sink::feed {
namespace {

constexpr std::size_t kLookAtOnce = 1'000;

}  // namespace

bool is_of_types(std::string_view type, const std::vector<std::string>& patterns) {
    return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
        if (pattern.ends_with('*')) return type.starts_with(pattern.substr(0, pattern.size() - 1));
        return type == pattern;
    });
}

bool ViewFilter::passes(std::string_view event_type) const {
    return (type.empty() || type == event_type) &&
           (types.empty() || is_of_types(event_type, types));
}

bool View::fits(outbox::OutboxEvent& event) const {
    if (!filter_.party.empty()) {
        if (!outbox::narrow_to_party(event, filter_.party)) return false;
    } else {
        event.views.clear();
    }
    return filter_.passes(event.type);
}

void View::remember(const outbox::OutboxEvent& event) {
    if (last_.size() >= kKeysMax) {
        last_.clear();
        knows_all_ = false;
    }
    last_[std::hash<std::string>()(event.partition_key)] = {event.epoch, event.sequence};
}

void View::say_previous(outbox::OutboxEvent& event) {
    event.previous_sequence.clear();
    const auto known = last_.find(std::hash<std::string>()(event.partition_key));
    if (known != last_.end() && known->second.epoch == event.epoch)
        event.previous_sequence = outbox::sequence_text(event.epoch, known->second.value);
    else if (known != last_.end() || knows_all_ || event.sequence == 1)
        event.previous_sequence = outbox::sequence_text(event.epoch, 0);
    remember(event);
}

// Goes over what is kept, up to this position, unless that is where it stands.
void View::learn(sqlite::Database& database, std::int64_t up_to) {
    if (position_ == up_to) return;
    if (position_ < 0 || position_ > up_to) {
        last_.clear();
        const std::int64_t first = outbox::first_position(database);
        position_ = std::max(first - 1, up_to - kLearntFromMax);
        knows_all_ = position_ <= 0;
    }
    while (position_ < up_to) {
        auto events = outbox::read_events(database, position_, kLookAtOnce);
        if (events.empty()) break;
        for (auto& event : events) {
            if (event.position > up_to) break;
            position_ = event.position;
            if (fits(event)) remember(event);
        }
    }
    position_ = up_to;
}

Page View::read(
    sqlite::Database& database, const Cursor& after, std::size_t limit, std::size_t bytes_max
) {
    Page page;
    page.next = after;
    if (filter_.leaves_out_types()) learn(database, after.position);
    std::size_t bytes = 0, looked_at = 0;
    while (page.events.size() < limit && bytes < bytes_max && looked_at < kLookedAtMax) {
        // what many events are left out of is read in larger pieces
        const std::size_t room = limit - page.events.size();
        auto events = outbox::read_events(
            database, page.next.position, takes_all() ? room : kLookAtOnce, bytes_max - bytes
        );
        if (events.empty()) {
            page.is_end = true;
            break;
        }
        for (auto& event : events) {
            if (page.events.size() >= limit) break;
            ++looked_at;
            page.next = {event.position, event.id.substr(0, kNoEvent.size())};
            if (!fits(event)) continue;
            if (filter_.leaves_out_types()) say_previous(event);
            bytes += event.data.size();
            page.events.push_back(std::move(event));
        }
    }
    position_ = page.next.position;
    return page;
}

}  // namespace mis::sink::feed
