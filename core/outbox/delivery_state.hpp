// The insides of Delivery. Private to core/outbox: delivery.cpp decides who is next,
// delivery_store.cpp keeps and loads what must survive.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/backoff.hpp"
#include "outbox/delivery.hpp"
#include "outbox/line.hpp"

namespace mis::outbox {

inline constexpr std::int64_t kSpanMax =
    65'536;  // positions between the low-water mark and the scan: 8 kB of settled bits
inline constexpr std::size_t kParkedKeysMax =
    256;  // more failing keys than this: it is the receiver
inline constexpr std::size_t kParkedEventsMax = 200'000;
inline constexpr std::uint32_t kParkAfterAttempts = 3;

struct Item {
    std::shared_ptr<const OutboxEvent> event;
    std::uint32_t attempts = 0;
    bool stub = false;
    bool retry = false;   // a dead letter sent once more; its token is negative
    bool parked = false;  // settled for the low-water mark: outbox_parked remembers it
    std::int64_t position() const { return event->position; }
    std::int64_t token() const { return retry ? -event->position : event->position; }
};

struct Key {
    std::string_view name;  // the map's own
    Line<Item> waiting;     // by position
    std::vector<Item> in_flight;
    Line<std::int64_t> parked;   // positions set apart, not loaded
    bool is_parked = false;      // everything that comes goes to `parked`, until that is empty
    std::uint32_t failures = 0;  // in a row
    std::chrono::nanoseconds retry_at{0};
    std::optional<std::int64_t> ready_at_position;
    bool in_backoff = false;
};

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>()(text);
    }
};

struct ParkChange {
    bool add;
    std::string key;
    std::int64_t position;
    std::uint32_t attempts;
};

struct DeadChange {
    enum class What { died, stub_settled, retry_delivered, retry_refused } what;
    std::int64_t position;
    std::string reason;
    std::int64_t at_us;
    std::shared_ptr<const OutboxEvent> event;  // the original, where it died
};

struct Left {  // for the audit: (action, ground) → ids since the last commit
    struct Order {
        using is_transparent = void;
        using Pair = std::pair<std::string_view, std::string_view>;
        bool operator()(const auto& a, const auto& b) const { return Pair(a) < Pair(b); }
    };
    std::map<std::pair<std::string, std::string>, std::vector<std::string>, Order> ids;
    std::int64_t at_us = 0;

    void add(std::string_view action, const OutboxEvent& event, std::int64_t now_us) {
        const Order::Pair ground(action, event.ground);
        auto found = ids.find(ground);
        if (found == ids.end()) found = ids.emplace(ground, std::vector<std::string>()).first;
        found->second.push_back(event.id);
        at_us = now_us;
    }
};

struct Delivery::State {
    State(
        sqlite::Database& reader_connection, DeliverySettings delivery_settings,
        const Clock& the_clock
    )
        : reader(reader_connection),
          settings(std::move(delivery_settings)),
          clock(the_clock),
          backoff(
              std::chrono::milliseconds(settings.backoff_first_us / 1000),
              std::chrono::milliseconds(settings.backoff_max_us / 1000)
          ) {}

    sqlite::Database& reader;
    DeliverySettings settings;
    const Clock& clock;
    mutable std::mutex mutex;

    // Where we are. settled[i] is position low + i; its size is scan - low.
    std::int64_t low = 1;
    std::int64_t scan = 1;
    std::deque<bool> settled;
    std::int64_t settled_count = 0;
    std::string restored_bits;  // as the store had them, from restored_low on
    std::int64_t restored_low = 1;

    std::unordered_map<std::string, Key, TextHash, std::equal_to<>> keys;
    std::set<std::pair<std::int64_t, Key*>> ready;                     // by head position
    std::set<std::pair<std::chrono::nanoseconds, Key*>> waiting_keys;  // by their retry_at
    Backoff backoff;
    std::unordered_map<std::int64_t, Key*> flights;  // token → key
    std::size_t window_events = 0, window_bytes = 0;
    std::size_t parked_keys = 0, parked_events = 0;
    std::unordered_set<std::int64_t> dead;  // positions whose stub is not settled
    std::unordered_set<std::int64_t> loaded_retries;
    std::chrono::nanoseconds retries_polled{-1};

    SinkState sink_state = SinkState::running;
    std::string stopped_reason;
    std::uint64_t delivered = 0, failed = 0, unknown = 0, rejected = 0;

    // Not yet committed. *_written: how many of them the last record() wrote.
    std::vector<ParkChange> park_changes;
    std::vector<DeadChange> dead_changes;
    std::size_t park_written = 0, dead_written = 0;
    Left left;
    std::vector<Left> left_writing;  // record() and recorded() only, which one thread calls
    std::uint64_t generation = 0, generation_written = 0, generation_recorded = 0;

    // delivery.cpp
    void load_window();
    // As this sink is to see the event; false: it isn't the sink's.
    bool fit_to_sink(OutboxEvent& event) const;
    void take_in(OutboxEvent event);
    void load_parked(Key& key, std::size_t count);
    void unload_parked(Key& key);
    void load_retries();
    void settle_position(std::int64_t position);
    void put_back(Key& key, Item item);
    void reschedule(Key& key);
    void unschedule(Key& key);
    void wake_due();
    void park(Key& key);
    void park_holder_of_low();
    void forget_item(const Item& item);
    void forget_from(std::int64_t position);
    Key& key_named(const std::string& name);
    Item as_loaded(OutboxEvent event, bool parked);

    // delivery_store.cpp
    void restore();
    bool restored_settled(std::int64_t position) const;
    std::string settled_bits() const;
};

}  // namespace mis::outbox
