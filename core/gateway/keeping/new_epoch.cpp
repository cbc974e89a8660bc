#include "gateway/keeping/new_epoch.hpp"

#include <utility>

#include "gateway/pipeline/restored.hpp"
#include "outbox/store_meta.hpp"

namespace mis::gateway {

std::uint32_t begin_new_epoch(ClinicStore& store, MeaningSettings settings, const NewEpoch& what) {
    sqlite::Transaction transaction(store.database());
    const auto epoch = begin_new_epoch(transaction, store, std::move(settings), what);
    transaction.commit();
    return epoch;
}

std::uint32_t begin_new_epoch(
    sqlite::Transaction& transaction, ClinicStore& store, MeaningSettings settings,
    const NewEpoch& what
) {
    const auto meta = outbox::start_new_epoch(transaction, what.who, what.why, what.now_us);
    domain_store::GroupStore(store.database()).forget_all_announced(transaction);
    const Timestamp now = settings.rules.clinic_zone.at(what.now_us);
    Meaning meaning(store.database(), store.identity(), meta.epoch, std::move(settings));
    std::vector<domain::Event> events;
    for (const auto& source : what.sources) {
        domain::Event event;
        event.type = "source.rebuilt";
        event.entity_id = event.subject = event.partition_key = "source/" + source;
        event.source = source;
        event.time = now;
        event.data = Json{{"source", source}, {"epoch", meta.epoch}};
        event.identity = event.data.text();
        event.ground = "a new epoch, no patient";
        events.push_back(std::move(event));
        restored::await_source(transaction, source);
    }
    meaning.announce(transaction, events, what.now_us);
    return meta.epoch;
}

}  // namespace mis::gateway
