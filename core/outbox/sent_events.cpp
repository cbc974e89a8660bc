#include "outbox/sent_events.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "outbox/outbox.hpp"
#include "outbox/packing.hpp"
#include "outbox/segment_limits.hpp"
#include "outbox/used_ids.hpp"

namespace mis::outbox {
namespace {

constexpr std::size_t kIdsPerWrite = 10'000;

}  // namespace

struct SentEvents::State {
    sqlite::Database& database;
    UsedIds ids = {};
};

SentEvents::SentEvents(sqlite::Database& database)
    : state_(std::unique_ptr<State>(new State{database})) {
    state_->ids.load(database);
}
SentEvents::~SentEvents() = default;

bool SentEvents::knows(std::string_view event_id) const {
    return state_->ids.contains(state_->database, id_prefix(event_id));
}

std::uint64_t SentEvents::last_sequence(std::string_view partition_key, std::uint32_t epoch) const {
    auto query =
        state_->database.prepare("select sequence from outbox_key where key = ? and epoch = ?");
    return query.with(partition_key, epoch).step() ? static_cast<std::uint64_t>(query.integer(0))
                                                   : 0;
}

std::int64_t SentEvents::put_back(
    sqlite::Transaction& transaction, std::span<const OutboxEvent> events, std::int64_t now_us
) {
    if (events.empty()) return 0;
    std::map<std::string, std::pair<std::uint32_t, std::uint64_t>> last;  // key → epoch, sequence
    std::map<std::string, std::int64_t> names;
    const auto name = [&](const std::string& text) {
        const auto [at, is_new] = names.try_emplace(text, 0);
        if (is_new) at->second = packing::number_of_name(transaction, text);
        return at->second;
    };
    const auto follow = [&](const OutboxEvent& event, const std::string& party) {
        const std::string key = event.partition_key + kViewSeparator + party;
        auto at = last.find(key);
        if (at == last.end())
            at = last.emplace(key, std::pair(event.epoch, last_sequence(key, event.epoch))).first;
        return std::exchange(at->second.second, event.sequence);
    };
    std::int64_t position = last_position(transaction.database());
    const std::int64_t first = position + 1;
    std::string segment;
    std::size_t in_segment = 0;
    const auto flush = [&] {
        if (in_segment == 0) return;
        packing::insert_segment(transaction, position, in_segment, now_us, segment);
        segment.clear();
        in_segment = 0;
    };
    std::size_t unwritten = 0;
    for (const OutboxEvent& sent : events) {
        OutboxEvent event = sent;
        state_->ids.add(id_prefix(event.id));
        if (++unwritten >= kIdsPerWrite) {
            state_->ids.write(transaction);
            unwritten = 0;
        }
        auto& [epoch, sequence] = last.try_emplace(
                                          event.partition_key, event.epoch,
                                          last_sequence(event.partition_key, event.epoch)
        )
                                      .first->second;
        sequence = std::max(sequence, event.sequence);
        event.previous_of_party.reset();
        if (!event.party.empty()) event.previous_of_party = follow(event, event.party);
        std::vector<std::int64_t> parties;
        for (PartyView& view : event.views) {
            view.previous = follow(event, view.party);
            parties.push_back(name(view.party));
        }
        packing::put_event(
            segment, event,
            {name(event.type), name(event.source), name(event.ground), name(event.party)}, parties
        );
        ++position;
        ++in_segment;
        if (in_segment >= kSegmentEventsMax || segment.size() >= kSegmentBytesMax) flush();
    }
    flush();
    state_->ids.write(transaction);
    {
        auto upsert = transaction.prepare(
            "insert into outbox_key(key, epoch, sequence) values (?1, ?2, ?3) on conflict(key) do "
            "update set epoch = ?2, sequence = ?3 "
            "where ?2 > epoch or (?2 = epoch and ?3 > sequence)"
        );
        for (const auto& [key, reached] : last)
            upsert.with(key, reached.first, reached.second).run();
    }
    transaction.prepare("update outbox_state set version = ?, last_position = ?")
        .with(fresh_version(), position)
        .run();
    return first;
}

}  // namespace mis::outbox
