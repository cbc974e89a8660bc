#include "change/record_store.hpp"

#include <algorithm>

#include "change/capture_writer.hpp"
#include "change/key.hpp"
#include "change/schema.hpp"

namespace mis::change {

CaptureCounts& CaptureCounts::operator+=(const CaptureCounts& other) {
    created += other.created;
    updated += other.updated;
    removed += other.removed;
    silent += other.silent;
    unchanged += other.unchanged;
    held += other.held;
    lag_us_max = std::max(lag_us_max, other.lag_us_max);
    return *this;
}

void RecordStore::create_indexes(sqlite::Transaction& transaction) {
    transaction.database().execute(kIndexesV1);
}

CaptureCounts RecordStore::capture(
    sqlite::Transaction& transaction, const StreamRef& stream, std::span<const Arrival> arrivals,
    const CaptureOptions& options
) {
    CaptureWriter writer(transaction, stream);
    // In key order, so that neighbours share pages; of the same key the later arrival stays the
    // later.
    std::vector<std::pair<std::int64_t, std::size_t>> order;
    order.reserve(arrivals.size());
    for (std::size_t i = 0; i < arrivals.size(); ++i)
        order.emplace_back(integer_key(arrivals[i].record.source_id).value_or(INT64_MAX), i);
    std::sort(order.begin(), order.end());
    for (const auto& entry : order) writer.capture(arrivals[entry.second], options);
    return writer.finish();
}

CaptureCounts RecordStore::capture(
    sqlite::Transaction& transaction, const StreamRef& stream,
    std::span<const record::Record> records, const CaptureOptions& options
) {
    CaptureWriter writer(transaction, stream);
    for (const auto& record : records) {
        Arrival arrival;
        arrival.record = record;
        arrival.row_key = record.source_id;
        writer.capture(arrival, options);
    }
    return writer.finish();
}

CaptureCounts RecordStore::remove(
    sqlite::Transaction& transaction, const StreamRef& stream, std::span<const std::string> keys,
    std::int64_t now_us
) {
    CaptureWriter writer(transaction, stream);
    for (const auto& key : keys) writer.remove(key, now_us);
    return writer.finish();
}

void RecordStore::mark_pending(sqlite::Transaction& transaction, const GroupKey& group) {
    auto party =
        transaction.prepare("insert or ignore into party (kind, source, key) values (?1, ?2, ?3)");
    party.bind(1, static_cast<std::int64_t>(group.kind)).bind(2, group.source);
    bind_key(party, 3, group.source_id);
    party.run();
    transaction.prepare("update change_counter set value = value + 1 where name = 'mark'").run();
    auto mark = transaction.prepare(
        "insert or replace into pending (party, mark) select p.id, c.value from party p, "
        "change_counter c "
        "where p.kind = ?1 and p.source = ?2 and p.key = ?3 and c.name = 'mark'"
    );
    mark.bind(1, static_cast<std::int64_t>(group.kind)).bind(2, group.source);
    bind_key(mark, 3, group.source_id);
    mark.run();
}

void RecordStore::clear_pending(
    sqlite::Transaction& transaction, const GroupKey& group, std::int64_t up_to
) {
    auto erase = transaction.prepare(
        "delete from pending where mark <= ?4 and party = (select id from party where kind = ?1 "
        "and source = ?2 and key = ?3)"
    );
    erase.bind(1, static_cast<std::int64_t>(group.kind)).bind(2, group.source);
    bind_key(erase, 3, group.source_id);
    erase.bind(4, up_to).run();
}

RecordStore::Answered RecordStore::answer_mapping_hold(
    sqlite::Transaction& transaction, const StreamRef& stream, Answer answer, std::int64_t now_us,
    int limit
) {
    CaptureWriter writer(transaction, stream);
    Answered answered = writer.answer_mapping_hold(answer, now_us, limit);
    writer.finish();
    return answered;
}

}  // namespace mis::change
