#include "outbox/delivery.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "outbox/delivery_state.hpp"
#include "outbox/outbox.hpp"

namespace mis::outbox {
namespace {

constexpr std::size_t kLoadAtLeast =
    1024;  // some segments: smaller loads would unpack the same segment again and again
constexpr std::size_t kParkedLoad = 32;

}  // namespace

Delivery::Delivery(sqlite::Database& reader, DeliverySettings settings, const Clock& clock)
    : state_(std::make_unique<State>(reader, std::move(settings), clock)) {
    state_->restore();
}
Delivery::~Delivery() = default;

std::vector<Claim> Delivery::claim(std::size_t limit, PerKey per_key, std::size_t bytes_max) {
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    std::vector<Claim> claims;
    if (state.sink_state == SinkState::stopped) return claims;
    state.load_retries();
    state.load_window();
    state.wake_due();
    std::size_t bytes = 0;
    std::vector<Key*> claimed;
    while (claims.size() < limit && !state.ready.empty()) {
        Key& key = *state.ready.begin()->second;
        if (key.waiting.empty()) state.load_parked(key, per_key == PerKey::run ? kParkedLoad : 1);
        if (key.waiting.empty()) {  // nothing was behind it after all
            state.reschedule(key);
            continue;
        }
        const std::size_t size = key.waiting.front().event->data.size();
        if (!claims.empty() && bytes + size > bytes_max) break;
        bytes += size;
        Item item = std::move(key.waiting.front());
        key.waiting.pop_front();
        claims.push_back(
            {item.token(), item.event, std::max(item.attempts, key.failures), item.stub}
        );
        state.flights.emplace(item.token(), &key);
        if (key.in_flight.empty()) claimed.push_back(&key);
        key.in_flight.push_back(std::move(item));
        state.unschedule(key);
        // within one claim the key may go on, behind the keys whose head is older: the batch stays
        // in the outbox's order
        if (per_key == PerKey::run && !key.waiting.empty()) {
            key.ready_at_position = key.waiting.front().position();
            state.ready.emplace(*key.ready_at_position, &key);
        }
    }
    for (Key* key : claimed) state.unschedule(*key);
    return claims;
}

void Delivery::settle(
    std::int64_t token, Outcome outcome, std::string_view reason, std::int64_t retry_after_us
) {
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    const auto flight = state.flights.find(token);
    MIS_ASSERT(flight != state.flights.end());
    Key& key = *flight->second;
    state.flights.erase(flight);
    const auto found =
        std::find_if(key.in_flight.begin(), key.in_flight.end(), [&](const Item& item) {
            return item.token() == token;
        });
    MIS_ASSERT(found != key.in_flight.end());
    Item item = std::move(*found);
    key.in_flight.erase(found);
    ++state.generation;
    const std::int64_t now_us = state.clock.unix_us();
    if (outcome == Outcome::rejected && item.stub) outcome = Outcome::failed;

    const auto done = [&] {
        state.forget_item(item);
        if (item.retry) {
            // its row still says "retry": it stays among the loaded until recorded()
        } else if (item.parked) {
            state.park_changes.push_back({false, std::string(key.name), item.position(), 0});
            --state.parked_events;
        } else {
            state.settle_position(item.position());
        }
        key.failures = 0;
        key.retry_at = {};
    };
    switch (outcome) {
        case Outcome::delivered:
            ++state.delivered;
            state.left.add("delivered", *item.event, now_us);
            if (item.stub) {
                state.dead.erase(item.position());
                state.dead_changes.push_back(
                    {DeadChange::What::stub_settled, item.position(), {}, now_us, nullptr}
                );
            }
            if (item.retry)
                state.dead_changes.push_back(
                    {DeadChange::What::retry_delivered, item.position(), {}, now_us, nullptr}
                );
            done();
            break;
        case Outcome::rejected:
            ++state.rejected;
            if (item.retry) {
                state.dead_changes.push_back(
                    {DeadChange::What::retry_refused, item.position(), std::string(reason), now_us,
                     nullptr}
                );
                done();
            } else {
                state.dead.insert(item.position());
                state.dead_changes.push_back(
                    {DeadChange::What::died, item.position(), std::string(reason), now_us,
                     item.event}
                );
                state.window_bytes -= item.event->data.size();
                item.event = std::make_shared<const OutboxEvent>(withheld_stub(*item.event));
                state.window_bytes += item.event->data.size();
                item.stub = true;
                item.attempts = 0;
                key.failures = 0;
                state.put_back(key, std::move(item));
            }
            break;
        case Outcome::unknown:
            state.left.add("maybe_delivered", *item.event, now_us);
            [[fallthrough]];
        case Outcome::failed:
            ++(outcome == Outcome::unknown ? state.unknown : state.failed);
            ++item.attempts;
            ++key.failures;
            key.retry_at =
                state.clock.steady() +
                (retry_after_us > 0
                     ? std::chrono::nanoseconds(std::chrono::microseconds(retry_after_us))
                     : state.backoff.delay(key.failures));
            state.put_back(key, std::move(item));
            break;
        case Outcome::returned:
            state.put_back(key, std::move(item));
            break;
    }
    if (key.in_flight.empty() && key.failures > 0 && key.is_parked) state.unload_parked(key);
    if (key.in_flight.empty() && key.failures >= kParkAfterAttempts && !key.is_parked)
        state.park(key);
    state.reschedule(key);
}

std::int64_t Delivery::low_water() const {
    const std::lock_guard lock(state_->mutex);
    std::int64_t oldest = state_->low;
    for (const auto& [name, key] : state_->keys) {
        if (!key.is_parked) continue;
        for (const Item& item : key.in_flight)
            if (!item.retry) oldest = std::min(oldest, item.position());
        for (const Item& item : key.waiting)
            if (!item.retry) oldest = std::min(oldest, item.position());
        if (!key.parked.empty()) oldest = std::min(oldest, key.parked.front());
    }
    return oldest;
}

std::int64_t Delivery::rewind(std::int64_t position) {
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    MIS_ASSERT(state.flights.empty());
    position = std::max(position, first_position(state.reader));
    if (position >= state.low) return state.low;
    state.forget_from(position);
    state.low = state.scan = state.restored_low = position;
    state.settled.clear();
    state.settled_count = 0;
    state.restored_bits.clear();
    ++state.generation;
    return position;
}

SinkState Delivery::sink_state() const {
    const std::lock_guard lock(state_->mutex);
    return state_->sink_state;
}

std::string Delivery::stopped_reason() const {
    const std::lock_guard lock(state_->mutex);
    return state_->stopped_reason;
}

std::optional<std::chrono::nanoseconds> Delivery::next_retry() const {
    const std::lock_guard lock(state_->mutex);
    if (state_->waiting_keys.empty()) return std::nullopt;
    return state_->waiting_keys.begin()->first;
}

void Delivery::retry_now() {
    const std::lock_guard lock(state_->mutex);
    while (!state_->waiting_keys.empty()) {
        Key& key = *state_->waiting_keys.begin()->second;
        state_->unschedule(key);  // filed under its old time
        key.retry_at = {};
        key.failures = 0;
        state_->reschedule(key);
    }
}

void Delivery::stop(std::string_view reason) {
    const std::lock_guard lock(state_->mutex);
    state_->sink_state = SinkState::stopped;
    state_->stopped_reason = reason;
    ++state_->generation;
}

void Delivery::resume() {
    const std::lock_guard lock(state_->mutex);
    state_->sink_state = SinkState::running;
    state_->stopped_reason.clear();
    ++state_->generation;
}

Item Delivery::State::as_loaded(OutboxEvent event, bool parked) {
    Item item;
    item.parked = parked;
    if (dead.contains(event.position)) {
        item.stub = true;
        item.event = std::make_shared<const OutboxEvent>(withheld_stub(event));
    } else {
        item.event = std::make_shared<const OutboxEvent>(std::move(event));
    }
    ++window_events;
    window_bytes += item.event->data.size();
    return item;
}

void Delivery::State::load_window() {
    const std::size_t room =
        settings.window_events_max > window_events ? settings.window_events_max - window_events : 0;
    if (room < std::min(kLoadAtLeast, settings.window_events_max / 4 + 1)) return;
    if (window_bytes >= settings.window_bytes_max || parked_events >= kParkedEventsMax) return;
    if (scan - low >= kSpanMax) park_holder_of_low();
    const auto span_room =
        static_cast<std::size_t>(std::max<std::int64_t>(0, kSpanMax - (scan - low)));
    if (span_room == 0) return;
    for (auto& event : read_events(
             reader, scan - 1, std::min(room, span_room), settings.window_bytes_max - window_bytes
         ))
        take_in(std::move(event));
}

bool Delivery::State::fit_to_sink(OutboxEvent& event) const {
    if (!settings.party.empty()) return narrow_to_party(event, settings.party);
    event.views.clear();
    return true;
}

void Delivery::State::take_in(OutboxEvent event) {
    while (scan < event.position) {  // retention only takes what every sink had
        settled.push_back(false);
        settle_position(scan++);
    }
    settled.push_back(false);
    ++scan;
    const std::int64_t position = event.position;
    if (!fit_to_sink(event) || restored_settled(position)) {
        settle_position(position);
        return;
    }
    Key& key = key_named(event.partition_key);
    if (key.is_parked) {
        key.parked.push_back(position);
        ++parked_events;
        park_changes.push_back({true, std::string(key.name), position, 0});
        ++generation;
        settle_position(position);
        return;
    }
    key.waiting.push_back(as_loaded(std::move(event), false));
    if (key.waiting.size() == 1 && key.in_flight.empty()) reschedule(key);
}

void Delivery::State::load_parked(Key& key, std::size_t count) {
    for (; count > 0 && !key.parked.empty(); --count) {
        const std::int64_t position = key.parked.front();
        key.parked.pop_front();
        auto events = read_events(reader, position - 1, 1);
        MIS_ASSERT(
            events.size() == 1 && events[0].position == position
        );  // prune() keeps parked positions
        if (fit_to_sink(events[0])) {
            key.waiting.push_back(as_loaded(std::move(events[0]), true));
            continue;
        }
        // set apart before the sink was bound to a party
        park_changes.push_back({false, std::string(key.name), position, 0});
        --parked_events;
        ++generation;
    }
}

// A key that failed again gives its room in the window back until it is due.
void Delivery::State::unload_parked(Key& key) {
    std::vector<Item> kept;
    std::vector<std::int64_t> parked;
    for (Item& item : key.waiting) {
        if (!item.parked) {
            kept.push_back(std::move(item));
            continue;
        }
        forget_item(item);
        parked.push_back(item.position());
    }
    parked.insert(parked.end(), key.parked.begin(), key.parked.end());
    key.parked.assign(std::move(parked));
    key.waiting.assign(std::move(kept));
}

void Delivery::State::settle_position(std::int64_t position) {
    MIS_ASSERT(position >= low && position - low < static_cast<std::int64_t>(settled.size()));
    settled[static_cast<std::size_t>(position - low)] = true;
    ++settled_count;
    while (!settled.empty() && settled.front()) {
        settled.pop_front();
        --settled_count;
        ++low;
    }
}

void Delivery::State::put_back(Key& key, Item item) {
    const auto place = std::find_if(key.waiting.begin(), key.waiting.end(), [&](const Item& other) {
        return other.position() > item.position();
    });
    key.waiting.insert(place, std::move(item));
}

void Delivery::State::forget_item(const Item& item) {
    --window_events;
    window_bytes -= item.event->data.size();
}

// What is loaded or set apart from there on is read again; dead letters sent once more stay.
void Delivery::State::forget_from(std::int64_t position) {
    std::vector<Key*> named;
    for (auto& [name, key] : keys) named.push_back(&key);
    for (Key* key : named) {
        std::vector<Item> waiting;
        for (Item& item : key->waiting) {
            if (item.retry || item.position() < position) {
                waiting.push_back(std::move(item));
                continue;
            }
            forget_item(item);
            if (!item.parked) continue;
            park_changes.push_back({false, std::string(key->name), item.position(), 0});
            --parked_events;
        }
        key->waiting.assign(std::move(waiting));
        std::vector<std::int64_t> parked;
        for (const std::int64_t apart : key->parked) {
            if (apart < position) {
                parked.push_back(apart);
                continue;
            }
            park_changes.push_back({false, std::string(key->name), apart, 0});
            --parked_events;
        }
        key->parked.assign(std::move(parked));
        reschedule(*key);  // and forgets a key that has nothing left
    }
}

Key& Delivery::State::key_named(const std::string& name) {
    const auto [place, fresh] = keys.try_emplace(name);
    if (fresh) place->second.name = place->first;
    return place->second;
}

void Delivery::State::unschedule(Key& key) {
    if (key.ready_at_position) ready.erase({*key.ready_at_position, &key});
    if (key.in_backoff) waiting_keys.erase({key.retry_at, &key});
    key.ready_at_position.reset();
    key.in_backoff = false;
}

// Puts the key where it belongs now: nowhere while something is in flight, behind its backoff,
// among the ready, or out of memory.
void Delivery::State::reschedule(Key& key) {
    unschedule(key);
    if (!key.in_flight.empty()) return;
    if (key.waiting.empty() && key.parked.empty()) {
        if (key.is_parked) --parked_keys;
        keys.erase(keys.find(key.name));
        return;
    }
    if (key.retry_at > clock.steady()) {
        waiting_keys.emplace(key.retry_at, &key);
        key.in_backoff = true;
        return;
    }
    key.ready_at_position =
        key.waiting.empty() ? key.parked.front() : key.waiting.front().position();
    ready.emplace(*key.ready_at_position, &key);
}

void Delivery::State::wake_due() {
    const auto now = clock.steady();
    while (!waiting_keys.empty() && waiting_keys.begin()->first <= now) {
        Key& key = *waiting_keys.begin()->second;
        unschedule(key);
        reschedule(key);
    }
}

// Sets a key apart, so that neither the window nor the low-water mark waits for it. What is in
// flight stays so.
void Delivery::State::park(Key& key) {
    if (parked_keys >= kParkedKeysMax) return;
    key.is_parked = true;
    ++parked_keys;
    ++generation;
    const auto set_apart = [&](const Item& item) {
        park_changes.push_back({true, std::string(key.name), item.position(), item.attempts});
        ++parked_events;
        settle_position(item.position());
    };
    for (Item& item : key.in_flight) {
        if (item.retry || item.parked) continue;
        set_apart(item);
        item.parked = true;
    }
    for (const Item& item : key.waiting) {
        forget_item(item);
        if (item.retry) {
            loaded_retries.erase(item.position());
            continue;
        }
        set_apart(item);
        key.parked.push_back(item.position());
    }
    key.waiting.clear();
}

void Delivery::State::park_holder_of_low() {
    for (auto& [name, key] : keys) {
        const auto holds = [&](const auto& items) {
            return std::any_of(items.begin(), items.end(), [&](const Item& item) {
                return item.position() == low && !item.parked && !item.retry;
            });
        };
        if (key.is_parked || (!holds(key.in_flight) && !holds(key.waiting))) continue;
        park(key);
        reschedule(key);
        return;
    }
}

}  // namespace mis::outbox
