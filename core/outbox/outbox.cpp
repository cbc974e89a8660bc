#include "outbox/outbox.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include "base/crypto.hpp"
#include "outbox/packing.hpp"
#include "outbox/segment_limits.hpp"
#include "outbox/used_ids.hpp"

namespace mis::outbox {
namespace {

constexpr std::size_t kNamesMax = 20'000;

struct Sequence {
    std::uint32_t epoch = 0;
    std::uint64_t value = 0;
};

std::optional<Sequence> parse_sequence(std::string_view digits) {
    if (digits.size() != 20) return std::nullopt;
    Sequence found;
    const auto head = std::from_chars(digits.data(), digits.data() + 6, found.epoch);
    const auto tail = std::from_chars(digits.data() + 6, digits.data() + 20, found.value);
    if (head.ec != std::errc{} || head.ptr != digits.data() + 6 || tail.ec != std::errc{} ||
        tail.ptr != digits.data() + 20)
        return std::nullopt;
    return found;
}

}  // namespace

std::int64_t fresh_version() {
    const std::string bytes = random_bytes(8);
    std::uint64_t version = 0;
    for (const char byte : bytes) version = version << 8 | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(version >> 1) | 1;
}

struct Outbox::Cache {
    std::int64_t version = -1;  // of outbox_state when this was true; -1: never
    std::int64_t last_position = 0;
    UsedIds ids;
    std::unordered_map<std::string, std::int64_t> names;
};

Outbox::Outbox(const Identity& identity, std::uint32_t epoch)
    : identity_(identity), epoch_(epoch), cache_(std::make_unique<Cache>()) {}
Outbox::~Outbox() = default;

struct Outbox::Appender::State {
    Outbox& outbox;
    sqlite::Transaction& transaction;
    Cache& cache;
    std::unordered_map<std::string, std::uint64_t> sequences;  // of the keys touched
    std::string segment;
    std::size_t segment_count = 0;
    std::int64_t segment_at_us = 0;
    bool dirty = false;

    // The first free id, after `skip` other free ones; n is its count of I2.
    std::string free_id(
        std::string_view entity_id, std::string_view type, std::string_view identity,
        std::uint64_t skip, std::uint64_t& n
    ) {
        for (n = 0;; ++n) {
            std::string id = outbox.identity_.event_id(outbox.epoch_, entity_id, type, identity, n);
            if (is_free(id) && skip-- == 0) return id;
        }
    }

    bool is_free(std::string_view id) {
        return !cache.ids.contains(transaction.database(), id_prefix(id));
    }

    std::int64_t name_number(const std::string& name) {
        if (name.empty()) return 0;
        if (const auto known = cache.names.find(name); known != cache.names.end())
            return known->second;
        if (cache.names.size() >= kNamesMax) cache.names.clear();
        std::int64_t number = 0;
        {
            auto query = transaction.prepare("select id from outbox_name where name = ?");
            if (query.with(name).step()) number = query.integer(0);
        }
        if (number == 0) {
            transaction.prepare("insert into outbox_name(name) values (?)").with(name).run();
            number = transaction.database().last_insert_id();
        }
        cache.names.emplace(name, number);
        return number;
    }

    // The last sequence of a key in this epoch, to be counted on; 0: it has none.
    std::uint64_t& last_sequence(const std::string& key) {
        auto known = sequences.find(key);
        if (known == sequences.end()) {
            std::uint64_t last = 0;
            auto query =
                transaction.prepare("select sequence from outbox_key where key = ? and epoch = ?");
            if (query.with(key, outbox.epoch_).step())
                last = static_cast<std::uint64_t>(query.integer(0));
            known = sequences.emplace(key, last).first;
        }
        return known->second;
    }

    // The sequence that a party's view of the key had before, which `sequence` follows.
    std::uint64_t follow_in_view(
        const std::string& key, const std::string& party, std::uint64_t sequence
    ) {
        return std::exchange(last_sequence(key + kViewSeparator + party), sequence);
    }

    void flush_segment() {
        if (segment_count == 0) return;
        packing::insert_segment(
            transaction, cache.last_position, segment_count, segment_at_us, segment
        );
        segment.clear();
        segment_count = 0;
    }
};

Outbox::Appender::Appender(Outbox& outbox, sqlite::Transaction& transaction)
    : state_(std::unique_ptr<State>(new State{
          outbox, transaction, *outbox.cache_, {}, {}, 0, 0, false})) {
    std::int64_t version = 0;
    std::int64_t last_position = 0;
    {
        auto query = transaction.prepare("select version, last_position from outbox_state");
        MIS_ASSERT(query.step());
        version = query.integer(0);
        last_position = query.integer(1);
    }
    Cache& cache = state_->cache;
    if (version == cache.version) return;
    cache.ids.load(transaction.database());
    cache.names.clear();
    cache.last_position = last_position;
    cache.version = version;
}

Outbox::Appender::~Appender() {
    if (state_->dirty)
        state_->cache.version = -1;  // never finished: what the cache learnt did not happen
}

std::string Outbox::Appender::next_id(
    std::string_view entity_id, std::string_view type, std::string_view identity, std::uint64_t nth
) {
    std::uint64_t n = 0;
    return state_->free_id(entity_id, type, identity, nth, n);
}

std::uint64_t Outbox::Appender::next_n(
    std::string_view entity_id, std::string_view type, std::string_view identity
) {
    std::uint64_t n = 0;
    state_->free_id(entity_id, type, identity, 0, n);
    return n;
}

std::int64_t Outbox::Appender::name_number(const std::string& name) {
    state_->dirty = true;  // what it learns is true only if this is committed
    return state_->name_number(name);
}

bool Outbox::Appender::is_free(std::string_view id) { return state_->is_free(id); }

AppendReport Outbox::Appender::append(
    std::span<const disclosure::DisclosedEvent> events, const ChangeSet& change_set
) {
    AppendReport report;
    if (events.empty()) return report;
    State& state = *state_;
    state.dirty = true;
    std::string all_ids;
    for (const auto& event : events) {
        std::uint64_t n = 0;
        // The id that the domain was given for it is the first free one, unless it was taken since.
        const std::string& asked = event.asked_id();
        report.ids.push_back(
            !asked.empty() && state.is_free(asked)
                ? asked
                : state.free_id(event.entity_id(), event.type(), event.identity(), 0, n)
        );
        state.cache.ids.add(id_prefix(report.ids.back()));
        all_ids += report.ids.back();
    }
    const Digest digest = sha256(all_ids);
    OutboxEvent packed;
    packed.change_set = to_hex(std::span(digest).first(16));
    packed.change_set_size = static_cast<std::uint32_t>(events.size());
    packed.epoch = state.outbox.epoch_;
    report.first_position = state.cache.last_position + 1;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto& event = events[i];
        packed.id = report.ids[i];
        packed.subject = event.subject();
        packed.partition_key = event.partition_key();
        packed.record_id = event.record_id();
        packed.time = event.time();
        packed.sequence = ++state.last_sequence(event.partition_key());
        packed.previous_of_party.reset();
        if (!event.party().empty())
            packed.previous_of_party =
                state.follow_in_view(event.partition_key(), event.party(), packed.sequence);
        packed.change_set_index = static_cast<std::uint32_t>(i);
        packed.data = event.data();
        const packing::NameNumbers names{
            state.name_number(event.type()), state.name_number(event.source()),
            state.name_number(event.ground()), state.name_number(event.party())};
        if (state.segment_count == 0) state.segment_at_us = change_set.at_us;
        packed.views.clear();
        std::vector<std::int64_t> parties;
        for (const auto& [party, data] : event.views()) {
            const std::uint64_t previous =
                state.follow_in_view(event.partition_key(), party, packed.sequence);
            packed.views.push_back(PartyView{party, previous, data});
            parties.push_back(state.name_number(party));
        }
        packing::put_event(state.segment, packed, names, parties);
        ++state.cache.last_position;
        ++state.segment_count;
        if (state.segment_count >= kSegmentEventsMax || state.segment.size() >= kSegmentBytesMax)
            state.flush_segment();
    }
    report.last_position = state.cache.last_position;
    return report;
}

void Outbox::Appender::finish() {
    State& state = *state_;
    if (!state.dirty) return;
    state.flush_segment();
    {
        auto upsert = state.transaction.prepare(
            "insert into outbox_key(key, epoch, sequence) values (?1, ?2, ?3) on conflict(key) do "
            "update set epoch = ?2, sequence = ?3"
        );
        std::vector<std::pair<std::string, std::uint64_t>> sorted(
            state.sequences.begin(), state.sequences.end()
        );
        std::sort(sorted.begin(), sorted.end());  // neighbours share a page
        for (const auto& [key, sequence] : sorted)
            upsert.with(key, state.outbox.epoch_, sequence).run();
    }
    state.sequences.clear();
    state.cache.ids.write(state.transaction);
    state.cache.version = fresh_version();
    state.transaction.prepare("update outbox_state set version = ?, last_position = ?")
        .with(state.cache.version, state.cache.last_position)
        .run();
    state.dirty = false;
}

std::vector<OutboxEvent> read_events(
    sqlite::Database& database, std::int64_t after_position, std::size_t limit,
    std::size_t bytes_max
) {
    std::vector<OutboxEvent> events;
    std::size_t bytes = 0;
    packing::Names names;
    auto query = database.prepare(
        "select last_position, count, at_us, events, packing from outbox_segment where "
        "last_position > ? "
        "order by last_position"
    );
    query.with(after_position);
    while (events.size() < limit && bytes < bytes_max && query.step()) {
        std::int64_t position = query.integer(0) - query.integer(1);
        const std::string plain = packing::segment_bytes(query.text(3), query.integer(4));
        packing::Reader reader(plain);
        while (!reader.at_end() && events.size() < limit && bytes < bytes_max) {
            OutboxEvent event = packing::take_event(reader, database, names);
            if (++position <= after_position) continue;
            event.position = position;
            event.appended_us = query.integer(2);
            bytes += event.data.size();
            events.push_back(std::move(event));
        }
    }
    return events;
}

std::int64_t last_position(sqlite::Database& database) {
    auto query = database.prepare("select last_position from outbox_state");
    return query.step() ? query.integer(0) : 0;
}

std::int64_t first_position(sqlite::Database& database) {
    auto query = database.prepare(
        "select last_position - count + 1 from outbox_segment order by last_position limit 1"
    );
    return query.step() ? query.integer(0) : last_position(database) + 1;
}

Result<void> check_not_behind(
    sqlite::Database& database, std::string_view partition_key, std::string_view sequence_20_digits
) {
    const auto theirs = parse_sequence(sequence_20_digits);
    if (!theirs)
        return fail(ErrorKind::malformed, "comparing with the sink: its sequence is not 20 digits");
    auto query = database.prepare("select epoch, sequence from outbox_key where key = ?");
    Sequence ours;
    if (query.with(partition_key).step())
        ours = {
            static_cast<std::uint32_t>(query.integer(0)),
            static_cast<std::uint64_t>(query.integer(1))};
    const bool ahead =
        theirs->epoch > ours.epoch || (theirs->epoch == ours.epoch && theirs->value > ours.value);
    if (!ahead) return {};
    return fail(
        ErrorKind::misconfigured, "the sink is ahead of this store (it took sequence " +
                                      std::string(sequence_20_digits) + ", the store has " +
                                      sequence_text(ours.epoch, ours.value) +
                                      "): an older or copied store; run `mis-gateway restore`"
    );
}

std::int64_t prune(
    sqlite::Transaction& transaction, std::int64_t now_us, std::int64_t keep_us, int segments_max
) {
    std::int64_t keep_from = 0;
    {
        auto query = transaction.prepare(
            "select min(p) from (select min(low) as p from outbox_sink union all select "
            "min(position) from outbox_parked "
            "union all select last_position + 1 from outbox_state)"
        );
        query.step();
        keep_from = query.integer(0);
    }
    std::int64_t events = 0;
    std::int64_t last = 0;
    {
        auto query = transaction.prepare(
            "select last_position, count from outbox_segment where last_position < ? and at_us < ? "
            "order by last_position limit ?"
        );
        query.with(keep_from, now_us - keep_us, segments_max);
        while (query.step()) {
            last = query.integer(0);
            events += query.integer(1);
        }
    }
    if (events > 0)
        transaction.prepare("delete from outbox_segment where last_position <= ?").with(last).run();
    return events;
}

}  // namespace mis::outbox
