// What of a sink's progress survives a crash: outbox_sink, outbox_parked, outbox_dead, and the
// audit of what left.
#include <algorithm>

#include "base/result.hpp"
#include "disclosure/audit.hpp"
#include "outbox/delivery_state.hpp"
#include "outbox/outbox.hpp"
#include "outbox/packing.hpp"

namespace mis::outbox {
namespace {

constexpr std::chrono::nanoseconds kRetryPoll = std::chrono::seconds(1);
constexpr int kRetriesMax = 64;

std::int64_t name_number(sqlite::Transaction& transaction, const std::string& name) {
    if (name.empty()) return 0;
    auto query = transaction.prepare("select id from outbox_name where name = ?");
    MIS_ASSERT(query.with(name).step());  // it came from there
    return query.integer(0);
}

std::string packed(sqlite::Transaction& transaction, const OutboxEvent& event) {
    std::string bytes;
    packing::put_event(
        bytes, event,
        {name_number(transaction, event.type), name_number(transaction, event.source),
         name_number(transaction, event.ground), name_number(transaction, event.party)},
        {}
    );
    return bytes;
}

OutboxEvent unpacked(
    sqlite::Database& database, std::string_view bytes, std::int64_t position,
    std::int64_t appended_us
) {
    packing::Reader reader(bytes);
    packing::Names names;
    OutboxEvent event = packing::take_event(reader, database, names);
    event.position = position;
    event.appended_us = appended_us;
    return event;
}

void write_dead_change(
    sqlite::Transaction& transaction, const std::string& sink, const DeadChange& change
) {
    switch (change.what) {
        case DeadChange::What::died:
            transaction
                .prepare(
                    "insert or replace into outbox_dead(sink, position, state, stub_settled, "
                    "reason, at_us, appended_us, event) "
                    "values (?, ?, 'dead', 0, ?, ?, ?, ?)"
                )
                .bind(1, std::string_view(sink))
                .bind(2, change.position)
                .bind(3, std::string_view(change.reason))
                .bind(4, change.at_us)
                .bind(5, change.event->appended_us)
                .bind_blob(6, packed(transaction, *change.event))
                .run();
            return;
        case DeadChange::What::stub_settled:
            transaction
                .prepare("update outbox_dead set stub_settled = 1 where sink = ? and position = ?")
                .with(sink, change.position)
                .run();
            return;
        case DeadChange::What::retry_delivered:
            transaction
                .prepare(
                    "update outbox_dead set state = 'delivered', at_us = ? where sink = ? and "
                    "position = ?"
                )
                .with(change.at_us, sink, change.position)
                .run();
            return;
        case DeadChange::What::retry_refused:
            transaction
                .prepare(
                    "update outbox_dead set state = 'dead', reason = ?, at_us = ? where sink = ? "
                    "and position = ?"
                )
                .with(change.reason, change.at_us, sink, change.position)
                .run();
            return;
    }
}

}  // namespace

void Delivery::register_sink(sqlite::Transaction& transaction, std::string_view sink) {
    transaction
        .prepare("insert or ignore into outbox_sink values (?, ?, x'', 'running', '', 0, 0, 0, 0)")
        .with(sink, first_position(transaction.database()))
        .run();
}

std::int64_t Delivery::discard_sink(sqlite::Transaction& transaction, std::string_view sink) {
    std::int64_t pending = 0;
    {
        auto query = transaction.prepare(
            "select max(0, (select last_position from outbox_state) - low + 1) + (select count(*) "
            "from outbox_parked where sink = ?1) "
            "from outbox_sink where sink = ?1"
        );
        if (query.with(sink).step()) pending = query.integer(0);
    }
    for (const char* sql :
         {"delete from outbox_sink where sink = ?", "delete from outbox_parked where sink = ?",
          "delete from outbox_dead where sink = ?"})
        transaction.prepare(sql).with(sink).run();
    return pending;
}

void Delivery::State::restore() {
    {
        auto query = reader.prepare(
            "select low, settled, state, reason, delivered, failed, unknown, rejected from "
            "outbox_sink where sink = ?"
        );
        if (!query.with(settings.sink).step())
            throw sqlite::StoreError(
                sqlite::StoreError::Kind::other,
                "opening sink " + settings.sink + ": it is not registered in this store"
            );
        low = scan = restored_low = query.integer(0);
        restored_bits = query.string(1);
        sink_state = query.text(2) == "stopped" ? SinkState::stopped : SinkState::running;
        stopped_reason = query.string(3);
        delivered = static_cast<std::uint64_t>(query.integer(4));
        failed = static_cast<std::uint64_t>(query.integer(5));
        unknown = static_cast<std::uint64_t>(query.integer(6));
        rejected = static_cast<std::uint64_t>(query.integer(7));
    }
    {
        auto query =
            reader.prepare("select position from outbox_dead where sink = ? and stub_settled = 0");
        query.with(settings.sink);
        while (query.step()) dead.insert(query.integer(0));
    }
    auto query = reader.prepare(
        "select key, position from outbox_parked where sink = ? order by key, position"
    );
    query.with(settings.sink);
    while (query.step()) {
        Key& key = key_named(query.string(0));
        if (!key.is_parked) ++parked_keys;
        key.is_parked = true;
        key.parked.push_back(query.integer(1));
        ++parked_events;
    }
    for (auto& [name, key] : keys) reschedule(key);
}

bool Delivery::State::restored_settled(std::int64_t position) const {
    const auto offset = static_cast<std::size_t>(position - restored_low);
    if (offset / 8 >= restored_bits.size()) return false;
    return (static_cast<unsigned char>(restored_bits[offset / 8]) >> (offset % 8) & 1) != 0;
}

// From low on, also of positions that were restored and not scanned yet; trailing zeros left out.
std::string Delivery::State::settled_bits() const {
    const std::int64_t restored_end =
        restored_low + static_cast<std::int64_t>(restored_bits.size()) * 8;
    std::string bits(static_cast<std::size_t>(std::max(scan, restored_end) - low) / 8 + 1, '\0');
    const auto set = [&](std::int64_t position) {
        const auto offset = static_cast<std::size_t>(position - low);
        bits[offset / 8] =
            static_cast<char>(static_cast<unsigned char>(bits[offset / 8]) | 1U << (offset % 8));
    };
    for (std::size_t i = 0; i < settled.size(); ++i)
        if (settled[i]) set(low + static_cast<std::int64_t>(i));
    for (std::int64_t position = scan; position < restored_end; ++position)
        if (restored_settled(position)) set(position);
    while (!bits.empty() && bits.back() == '\0') bits.pop_back();
    return bits;
}

void Delivery::State::load_retries() {
    const auto now = clock.steady();
    if (retries_polled.count() >= 0 && now - retries_polled < kRetryPoll) return;
    retries_polled = now;
    std::vector<OutboxEvent> events;
    {
        auto query = reader.prepare(
            "select position, appended_us, event from outbox_dead where sink = ? and state = "
            "'retry' and stub_settled = 1 limit ?"
        );
        query.with(settings.sink, kRetriesMax + static_cast<std::int64_t>(loaded_retries.size()));
        while (query.step())
            if (!loaded_retries.contains(query.integer(0)))
                events.push_back(unpacked(reader, query.text(2), query.integer(0), query.integer(1))
                );
    }
    if (static_cast<int>(events.size()) >= kRetriesMax &&
        window_events < settings.window_events_max)
        retries_polled = std::chrono::nanoseconds(-1);  // there are more
    for (auto& event : events) {
        loaded_retries.insert(event.position);
        if (!fit_to_sink(event)) {  // refused before the sink was bound to a party
            dead_changes.push_back(
                {DeadChange::What::retry_refused, event.position,
                 "not of the party that this sink is bound to", clock.unix_us(), nullptr}
            );
            ++generation;
            continue;
        }
        Key& key = key_named(event.partition_key);
        Item item;
        item.retry = true;
        item.event = std::make_shared<const OutboxEvent>(std::move(event));
        ++window_events;
        window_bytes += item.event->data.size();
        put_back(key, std::move(item));
        if (key.in_flight.empty()) reschedule(key);
    }
}

bool Delivery::has_unrecorded() const {
    const std::lock_guard lock(state_->mutex);
    return state_->generation != state_->generation_recorded;
}

void Delivery::record(sqlite::Transaction& transaction) {
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    const std::string& sink = state.settings.sink;
    transaction
        .prepare(
            "update outbox_sink set low = ?, settled = ?, state = ?, reason = ?, delivered = ?, "
            "failed = ?, unknown = ?, rejected = ? where sink = ?"
        )
        .bind(1, state.low)
        .bind_blob(2, state.settled_bits())
        .bind(3, std::string_view(state.sink_state == SinkState::running ? "running" : "stopped"))
        .bind(4, std::string_view(state.stopped_reason))
        .bind(5, static_cast<std::int64_t>(state.delivered))
        .bind(6, static_cast<std::int64_t>(state.failed))
        .bind(7, static_cast<std::int64_t>(state.unknown))
        .bind(8, static_cast<std::int64_t>(state.rejected))
        .bind(9, std::string_view(sink))
        .run();
    for (const ParkChange& change : state.park_changes) {
        if (change.add)
            transaction
                .prepare(
                    "insert or replace into outbox_parked(sink, key, position, attempts) values "
                    "(?, ?, ?, ?)"
                )
                .with(sink, change.key, change.position, change.attempts)
                .run();
        else
            transaction
                .prepare("delete from outbox_parked where sink = ? and key = ? and position = ?")
                .with(sink, change.key, change.position)
                .run();
    }
    for (const DeadChange& change : state.dead_changes)
        write_dead_change(transaction, sink, change);
    if (!state.left.ids.empty()) state.left_writing.push_back(std::exchange(state.left, {}));
    state.park_written = state.park_changes.size();
    state.dead_written = state.dead_changes.size();
    state.generation_written = state.generation;
    lock.unlock();  // what is being written is the recorder's alone, and the sink goes on meanwhile
    for (const Left& left : state.left_writing) {
        for (const auto& [action_and_ground, ids] : left.ids) {
            disclosure::AuditEntry entry;
            entry.at_us = left.at_us;
            entry.action = action_and_ground.first;
            entry.who = "sink " + sink;
            entry.ground = action_and_ground.second;
            entry.ids = ids;
            disclosure::Audit::append(transaction, entry);
        }
    }
}

void Delivery::recorded() {
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    for (std::size_t i = 0; i < state.dead_written; ++i) {
        const DeadChange& change = state.dead_changes[i];
        if (change.what == DeadChange::What::retry_delivered ||
            change.what == DeadChange::What::retry_refused)
            state.loaded_retries.erase(change.position);
    }
    state.park_changes.erase(
        state.park_changes.begin(),
        state.park_changes.begin() + static_cast<std::ptrdiff_t>(state.park_written)
    );
    state.dead_changes.erase(
        state.dead_changes.begin(),
        state.dead_changes.begin() + static_cast<std::ptrdiff_t>(state.dead_written)
    );
    state.park_written = state.dead_written = 0;
    state.left_writing.clear();
    state.generation_recorded = state.generation_written;
}

SinkFigures Delivery::figures() {
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    SinkFigures figures;
    figures.state = state.sink_state;
    figures.stopped_reason = state.stopped_reason;
    const std::int64_t last = last_position(state.reader);
    const std::int64_t held = state.scan - state.low - state.settled_count;
    figures.pending = last - state.scan + 1 + held + static_cast<std::int64_t>(state.parked_events);
    figures.in_flight = static_cast<std::int64_t>(state.flights.size());
    figures.keys_waiting = static_cast<std::int64_t>(state.waiting_keys.size());
    figures.delivered = state.delivered;
    figures.failed = state.failed;
    figures.unknown = state.unknown;
    figures.rejected = state.rejected;
    if (figures.pending > 0) {
        std::int64_t oldest = state.low;
        for (const auto& [name, key] : state.keys) {
            if (!key.is_parked) continue;
            for (const Item& item : key.in_flight) oldest = std::min(oldest, item.position());
            if (!key.waiting.empty()) oldest = std::min(oldest, key.waiting.front().position());
            if (!key.parked.empty()) oldest = std::min(oldest, key.parked.front());
        }
        auto query = state.reader.prepare(
            "select at_us from outbox_segment where last_position >= ? order by last_position "
            "limit 1"
        );
        if (query.with(oldest).step()) figures.oldest_us = query.integer(0);
    }
    auto query = state.reader.prepare(
        "select count(*) from outbox_dead where sink = ? and state <> 'delivered'"
    );
    query.with(state.settings.sink).step();
    figures.dead_letters = query.integer(0);
    return figures;
}

std::vector<DeadLetter> dead_letters(
    sqlite::Database& database, std::string_view sink, std::size_t limit
) {
    std::vector<DeadLetter> letters;
    auto query = database.prepare(
        "select sink, position, state, reason, at_us, appended_us, event from outbox_dead where ?1 "
        "= '' or sink = ?1 order by sink, position limit ?2"
    );
    query.with(sink, static_cast<std::int64_t>(limit));
    while (query.step())
        letters.push_back(
            {query.string(0), query.integer(1), query.string(2), query.string(3), query.integer(4),
             unpacked(database, query.text(6), query.integer(1), query.integer(5))}
        );
    return letters;
}

bool retry_dead_letter(
    sqlite::Transaction& transaction, std::string_view sink, std::int64_t position
) {
    transaction
        .prepare(
            "update outbox_dead set state = 'retry' where sink = ? and position = ? and state = "
            "'dead'"
        )
        .with(sink, position)
        .run();
    return transaction.database().changes() > 0;
}

std::vector<std::string> registered_sinks(sqlite::Database& database) {
    std::vector<std::string> names;
    auto rows = database.prepare("select sink from outbox_sink order by sink");
    while (rows.step()) names.push_back(rows.string(0));
    return names;
}

Result<std::int64_t> replay(
    sqlite::Transaction& transaction, std::string_view sink, std::int64_t from, std::int64_t to
) {
    auto& database = transaction.database();
    const auto sinks = registered_sinks(database);
    if (std::find(sinks.begin(), sinks.end(), sink) == sinks.end())
        return fail(
            ErrorKind::rejected,
            "replay: no sink " + std::string(sink) + " has ever run on this store"
        );
    {
        auto query =
            database.prepare("select 1 from outbox_sink where sink = ? and state = 'reader'");
        if (query.with(sink).step())
            return fail(
                ErrorKind::rejected,
                "replay: " + std::string(sink) +
                    " is a reader of the feed: it asks again with an earlier cursor itself"
            );
    }
    const std::int64_t first = first_position(database);
    if (from < 1 || to < from)
        return fail(
            ErrorKind::rejected,
            "replay: --from and --to are positions, 1 or more, the first not after the last"
        );
    if (from < first)
        return fail(
            ErrorKind::rejected, "replay: the events before position " + std::to_string(first) +
                                     " are no longer kept: see limits.delivered_hours_kept"
        );
    std::int64_t queued = 0;
    for (std::int64_t after = from - 1; after < to;) {
        const auto page = read_events(database, after, 1000);
        if (page.empty()) break;
        for (const auto& event : page) {
            after = event.position;
            if (event.position > to) break;
            transaction
                .prepare(
                    "insert into outbox_dead(sink, position, state, stub_settled, reason, at_us, "
                    "appended_us, event) "
                    "values (?, ?, 'retry', 1, 'replay', ?, ?, ?) on conflict(sink, position) do "
                    "update set state = 'retry' where state = 'delivered'"
                )
                .bind(1, sink)
                .bind(2, event.position)
                .bind(3, event.appended_us)
                .bind(4, event.appended_us)
                .bind_blob(5, packed(transaction, event))
                .run();
            queued += database.changes();
        }
    }
    return queued;
}

}  // namespace mis::outbox
