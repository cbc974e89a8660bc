// The daemon's one look at itself.
#include <algorithm>

#include "change/stream_state.hpp"
#include "gateway/daemon.hpp"
#include "gateway/pipeline/restored.hpp"
#include "outbox/store_meta.hpp"
#include "record/quarantine.hpp"

namespace mis::gateway {
namespace {

std::map<std::string, std::uint64_t> attempts_of(const sink::SinkStatus& status) {
    return {{"delivered", status.attempts_delivered},     {"rejected", status.attempts_rejected},
            {"throttled", status.attempts_throttled},     {"failed", status.attempts_failed},
            {"unavailable", status.attempts_unavailable}, {"unknown", status.attempts_unknown}};
}

SlotSinkMeasures measures_of(const SlotLane& lane) {
    const auto figures = lane.figures();
    const auto status = lane.status();
    SlotSinkMeasures out;
    out.sink = lane.setup().name;
    out.failing = status.health != sink::Health::working;
    out.reason = status.reason;
    out.every_minutes = static_cast<int>(lane.setup().options.every.count());
    out.sent_us = figures.sent_us;
    out.free_cells = static_cast<std::int64_t>(figures.free_cells);
    out.refused = static_cast<std::int64_t>(figures.refused);
    out.unmapped = static_cast<std::int64_t>(figures.unmapped);
    out.attempts = attempts_of(status);
    return out;
}

SinkMeasures measures_of(DeliveryLane& lane) {
    const auto figures = lane.delivery().figures();
    const auto status = lane.status();
    SinkMeasures out;
    out.sink = lane.name();
    out.condition = status.health == sink::Health::stopped   ? SinkCondition::stopped
                    : status.health == sink::Health::failing ? SinkCondition::failing
                                                             : SinkCondition::working;
    out.reason = status.reason;
    out.notice = status.notice;
    out.tails_lost = status.tails_lost;
    out.pending = figures.pending;
    out.oldest_us = figures.oldest_us;
    out.dead_letters = figures.dead_letters;
    out.attempts = attempts_of(status);
    out.latency_buckets.assign(status.latency_buckets.begin(), status.latency_buckets.end());
    out.latency_sum_ms = status.latency_sum_ms;
    return out;
}

StreamFigures figures_of(const std::string& source, const StreamStatus& status) {
    StreamFigures out;
    out.source = source;
    out.stream = status.stream;
    out.off = status.off;
    out.error = status.error;
    out.poll_seconds = status.poll_seconds;
    out.last_success_us = status.last_success_us;
    out.poll_us = status.poll_us;
    out.rows_scanned = status.rows_scanned;
    out.rows_unchanged = status.rows_unchanged;
    out.rows_mapped = status.rows_mapped;
    out.rows_quarantined = status.rows_quarantined;
    out.rows_skipped = status.rows_skipped;
    out.rows_repeated = status.rows_repeated;
    if (status.reconciled_us > 0) out.drift = status.drift.total();
    return out;
}

// A gauge that vanishes with its last row leaves whoever watches it with the value before.
void add_empty_quarantines(Figures& figures) {
    for (const StreamFigures& stream : figures.streams) {
        const bool told = std::any_of(
            figures.quarantine.begin(), figures.quarantine.end(),
            [&](const QuarantineFigures& one) {
                return one.source == stream.source && one.stream == stream.stream;
            }
        );
        if (!told) figures.quarantine.push_back({stream.source, stream.stream, 0});
    }
}

}  // namespace

// Called with the store's mutex held.
std::vector<SlotSource> Daemon::slot_sources(const std::set<std::string>& names) {
    std::vector<SlotSource> known;
    for (const auto& name : names) {
        SlotSource source = slot_source_in_store(store_.database(), name);
        source.in_a_pass |= mid_pass_.contains(name);
        for (const auto& thread : sources_) {
            if (thread->worker->name() != name) continue;
            const auto statuses = thread->worker->status();
            for (const auto& declared : thread->plan.setup.connector.streams)
                for (const auto& status : statuses)
                    if (status.stream == declared.name && status.off.empty() &&
                        tells_of_times(declared.kind))
                        source.streams.push_back(
                            {status.stream, status.error, status.last_success_us}
                        );
            const std::lock_guard lock(intake_mutex_);
            if (thread->intake) source.received_us = thread->intake->figures().last_received_us;
        }
        known.push_back(std::move(source));
    }
    return known;
}

Figures Daemon::figures() {
    Figures figures;
    figures.version = MIS_VERSION;
    figures.now_us = clock_.unix_us();
    figures.started_us = started_us_;
    figures.last_turn_us = turned_us_;
    {
        const std::lock_guard lock(state_mutex_);
        figures.store_error = store_error_;
        figures.reading_paused = reading_paused_;
    }
    for (const auto& source : sources_) {
        const auto found = source->worker->references();
        for (const auto& one : found.dangling) {
            const bool is_more =
                std::any_of(found.grown.begin(), found.grown.end(), [&](const auto& more) {
                    return more.stream == one.stream && more.field == one.field;
                });
            figures.references.push_back(
                {one.source, one.stream, one.named_kind, one.records, change::describe(one),
                 is_more}
            );
        }
    }
    for (const auto& source : sources_) {
        for (const auto& status : source->worker->status())
            figures.streams.push_back(figures_of(source->worker->name(), status));
        if (const auto skew = source->worker->clock_skew_seconds())
            figures.clock_skew_seconds[source->worker->name()] = *skew;
    }
    {
        const std::lock_guard lock(intake_mutex_);
        for (const auto& source : sources_) {
            if (!source->plan.setup.intake) continue;
            IntakeMeasures measures{source->worker->name(), {}};
            if (source->intake) measures.figures = source->intake->figures();
            if (!source->intake_error.empty()) measures.figures.error = source->intake_error;
            figures.intakes.push_back(std::move(measures));
        }
    }
    figures.ledger_imbalance_minor = ledger_imbalance_minor_;
    figures.ledger_differences = ledger_differences_;
    for (auto& lane : lanes_) figures.sinks.push_back(measures_of(*lane));
    if (inbox_) figures.inbox = inbox_->status();
    for (const auto& lane : slot_lanes_) figures.slot_sinks.push_back(measures_of(*lane));
    figures.latency_bounds_s.assign(sink::kLatencyBoundsS.begin(), sink::kLatencyBoundsS.end());

    const std::lock_guard lock(store_.mutex());
    auto& database = store_.database();
    add_reader_figures(figures);
    figures.private_fields_withheld = meaning_.gate_counts().private_fields_withheld;
    figures.groups_pending = change::RecordStore(database).pending_count();
    for (const auto& count : record::Quarantine::counts(database)) {
        figures.quarantined += count.open;
        figures.quarantine.push_back({count.source, count.stream, count.open});
    }
    add_empty_quarantines(figures);
    for (const auto& hold : change::holds(database)) figures.held_streams += hold.released ? 0 : 1;
    for (const auto& count : change::RecordStore(database).counts())
        figures.held_streams += count.held_by_mapping > 0 ? 1 : 0;
    figures.unmapped_codes = std::ssize(domain_store::CodeMap(database).unmapped());
    const inbox::Inbox inbox(database);
    figures.messages_lost = std::ssize(restored::orders_awaited(database)) +
                            std::ssize(restored::messages_awaited(database));
    figures.exchange_awaited = restored::exchange_awaited(database);
    figures.subjects_awaited = std::ssize(restored::subjects_awaited(database));
    figures.orders_waiting = std::ssize(inbox.waiting_orders());
    const auto counts = inbox.counts();
    figures.inbox_accepted = counts.accepted;
    figures.inbox_refused = counts.refused;
    if (const auto text = outbox::meta_value(database, "last_backup_us"); !text.empty())
        figures.backup_us = Decimal::parse(text)->unscaled();
    return figures;
}

}  // namespace mis::gateway
