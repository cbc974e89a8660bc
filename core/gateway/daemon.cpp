#include "gateway/daemon.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "change/open_pass.hpp"
#include "disclosure/decision.hpp"
#include "gateway/keeping/conservation.hpp"
#include "gateway/keeping/free_space.hpp"
#include "gateway/keeping/start_check.hpp"
#include "gateway/pipeline/restored.hpp"
#include "outbox/trace.hpp"
#include "platform/access.hpp"
#include "platform/crash_point.hpp"
#include "platform/memory.hpp"
#include "record/quarantine.hpp"

namespace mis::gateway {
namespace {

constexpr std::chrono::seconds kStoreRetry{5};
constexpr std::chrono::seconds kBacklogFresh{1};
constexpr std::int64_t kPruneEveryUs = 60 * kUsPerSecond;
constexpr std::int64_t kLookEveryUs = 2 * kUsPerSecond;

}  // namespace

Daemon::Daemon(ClinicStore& store, DaemonSetup setup, const Clock& clock, RemovedSinks removed)
    : store_(store),
      setup_(std::move(setup)),
      clock_(clock),
      mark_(store),
      meaning_(store.database(), store.identity(), store.meta().epoch, std::move(setup_.meaning)),
      started_us_(clock.unix_us()),
      turned_us_(started_us_) {
    if (std::thread::hardware_concurrency() > 1)
        meaning_.foresee_with([&store] { return store.reader(); });
    std::vector<ConfiguredSink> places;
    for (const auto& sink : setup_.sinks)
        places.push_back({sink.name, sink.file ? sink.file->folder : std::filesystem::path()});
    if (setup_.feed)
        for (const auto& reader : setup_.feed->options.readers) places.push_back({reader.name, {}});
    auto reasons = reasons_not_to_start(store_, places);
    if (removed == RemovedSinks::refuse)
        for (auto& reason : removed_sinks_with_events(store_, places))
            reasons.push_back(std::move(reason));
    if (!reasons.empty()) throw std::runtime_error(reasons.front());
    {
        sqlite::Transaction transaction(store_.database());
        for (const auto& sink : setup_.sinks)
            outbox::Delivery::register_sink(transaction, sink.name);
        register_readers(transaction);
        for (const auto& name : outbox::registered_sinks(store_.database())) {
            const bool configured =
                std::any_of(places.begin(), places.end(), [&](const ConfiguredSink& place) {
                    return place.name == name;
                });
            if (configured) continue;
            const auto pending = outbox::Delivery::discard_sink(transaction, name);
            if (removed == RemovedSinks::discard && pending > 0)
                disclosure::record_decision(
                    transaction, {"sink_discard", "sink " + name, Json{{"pending", pending}}, {}},
                    platform::user_name(), "--discard", started_us_
                );
            log::warn(
                "sink {} is no longer configured: forgotten, {} events it had not had", name,
                pending
            );
        }
        // What a source that is read no more has captured, or is to be compared with after a
        // restore, gets its meaning without it.
        const auto is_read = [&](const std::string& source) {
            return std::any_of(setup_.sources.begin(), setup_.sources.end(), [&](const auto& plan) {
                return plan.setup.name == source;
            });
        };
        for (const auto& source : change::open_passes(store_.database()))
            if (!is_read(source)) change::close_pass(transaction, source);
        for (const auto& source : restored::sources_awaited(store_.database()))
            if (!is_read(source)) restored::source_was_compared(transaction, source);
        transaction.commit();
    }
    for (const auto& sink : setup_.sinks)
        lanes_.push_back(std::make_unique<DeliveryLane>(store_, sink, clock_));
    if (setup_.inbox.is_on())
        inbox_ = std::make_unique<InboxLane>(store_, meaning_, setup_.inbox, clock_);
    for (auto& plan : setup_.sources) {
        auto source = std::make_unique<SourceThread>(plan);
        SourceWorker::Hooks hooks;
        hooks.room = [this] { return room(); };
        source->worker = std::make_unique<SourceWorker>(
            store_, meaning_, mid_pass_, plan.setup, clock_, std::move(hooks)
        );
        sources_.push_back(std::move(source));
    }
    for (auto& slots : setup_.slot_sinks)
        slot_lanes_.push_back(std::make_unique<SlotLane>(
            store_, std::move(slots), clock_,
            [this](const std::set<std::string>& names) { return slot_sources(names); }
        ));
    setup_.slot_sinks.clear();
}

Daemon::~Daemon() { stop(); }

void Daemon::start() {
    open_intakes();
    for (auto& lane : lanes_) {
        lane->resume_if_stopped();
        lane->start();
    }
    if (inbox_) inbox_->start();
    for (auto& source : sources_)
        source->thread = std::thread([this, &thread = *source] { read_source(thread); });
    for (auto& lane : slot_lanes_) lane->start();
}

void Daemon::stop() {
    {
        const std::lock_guard lock(wake_mutex_);
        if (stopping_.exchange(true)) return;
    }
    wake_.notify_all();
    close_intakes();
    if (inbox_) inbox_->stop();
    close_feed();
    for (auto& source : sources_) source->worker->cancel();
    for (auto& source : sources_)
        if (source->thread.joinable()) source->thread.join();
    for (auto& lane : lanes_) lane->wind_down();
    for (auto& lane : slot_lanes_) lane->wind_down();
    try {
        record_deliveries();
        const std::lock_guard lock(store_.mutex());
        mark_.keep_up();
    } catch (const sqlite::StoreError& error) {
        log::error(
            "the last deliveries could not be recorded: {}; they will be sent again with the same "
            "ids",
            error.what()
        );
    }
}

Result<void> Daemon::room() {
    std::string why;
    if (const auto space = check_free_space(store_.folder(), setup_.free_bytes_min); !space)
        why = space.error().text;
    if (why.empty() && backlogged())
        why = "every sink has more than " + std::to_string(setup_.outbox_events_max) +
              " events waiting: mend the receivers, or raise limits.outbox_events_max";
    {
        const std::lock_guard lock(state_mutex_);
        if (!store_error_.empty()) why = store_error_;
        if (why.empty() != reading_paused_.empty())
            log::warn(
                "{}", why.empty() ? std::string("reading goes on") : "reading paused: " + why
            );
        reading_paused_ = why;
    }
    if (!why.empty()) return fail(ErrorKind::unavailable, "reading paused: " + why);
    return {};
}

// Asked before each batch by every source's thread; counted once a second.
bool Daemon::backlogged() {
    const std::lock_guard lock(state_mutex_);
    const auto now = clock_.steady();
    if (now - backlog_counted_ < kBacklogFresh) return backlogged_;
    backlog_counted_ = now;
    backlogged_ =
        !lanes_.empty() && std::all_of(lanes_.begin(), lanes_.end(), [this](const auto& lane) {
            return lane->delivery().figures().pending > setup_.outbox_events_max;
        });
    return backlogged_;
}

bool Daemon::pass(SourceWorker& worker, change::PassMode mode, const std::string& only_stream) {
    try {
        const auto summary = worker.pass(mode, only_stream);
        if (summary.counts.wrote() || summary.meaning.events > 0) {
            log::info(
                "source {}: {} rows read, {} new, {} changed, {} gone; {} events, {} withheld",
                worker.name(), summary.rows, summary.counts.created, summary.counts.updated,
                summary.counts.removed, summary.meaning.events, summary.meaning.withheld
            );
            wake_takers();
        } else {
            log::debug("source {}: {} rows read, nothing new", worker.name(), summary.rows);
        }
        if (summary.counts.held > 0)
            log::warn(
                "source {}: {} records differ by a changed mapping alone and wait: see "
                "`mis-gateway hold list`",
                worker.name(), summary.counts.held
            );
        for (const auto& problem : summary.meaning.problems)
            log::warn(
                "source {}: {} {} set aside: {}", worker.name(), problem.key.kind,
                problem.key.source_id, problem.reason
            );
        return summary.degraded.empty();
    } catch (const sqlite::StoreError& error) {
        store_failed(error);
        return false;
    }
}

void Daemon::read_source(SourceThread& thread) {
    const auto& zone = thread.plan.setup.clinic_zone;
    if (thread.worker->is_reconciling())  // polls go on with it; it does not begin again
        thread.reconciled_on = zone.at(clock_.unix_us()).local_date();
    while (!stopping_) {
        auto mode = change::PassMode::poll;
        const auto now = zone.at(clock_.unix_us());
        const auto hour =
            (now.unix_us + now.offset_min * 60 * kUsPerSecond) / 3'600 / kUsPerSecond % 24;
        if (hour == thread.plan.reconcile_hour && thread.reconciled_on != now.local_date()) {
            mode = change::PassMode::reconcile;
            thread.reconciled_on = now.local_date();
        }
        const bool worked = room().has_value() && pass(*thread.worker, mode);
        if (worked && mode == change::PassMode::reconcile) look_at_books();
        const auto poll = std::chrono::seconds(thread.plan.poll_seconds);
        wait_for_turn(thread, worked ? poll : std::max(kStoreRetry, poll));
    }
}

// B5, once a night, between the commits of everybody else.
void Daemon::look_at_books() {
    try {
        std::unique_lock lock(store_.mutex());
        bool whole = true;
        const auto books = check_conservation(store_, meaning_, clock_.unix_us(), [&] {
            ClinicStore::breathe(lock);
            whole = !stopping_;
            return whole;
        });
        if (!whole) return;
        ledger_imbalance_minor_ = books.imbalance_minor;
        ledger_differences_ = std::ssize(books.differences);
        for (const auto& difference : books.differences) log::error("books: {}", difference);
    } catch (const sqlite::StoreError& error) {
        store_failed(error);
    }
}

void Daemon::record_deliveries() {
    bool any = false;
    for (auto& lane : lanes_) any |= lane->delivery().has_unrecorded();
    if (!any) return;
    const std::lock_guard lock(store_.mutex());
    sqlite::Transaction transaction(store_.database());
    for (auto& lane : lanes_) lane->record(transaction);
    platform::crash_point("delivery.before_commit");
    transaction.commit();
    platform::crash_point("delivery.after_commit");
    for (auto& lane : lanes_) lane->delivery().recorded();
}

void Daemon::housekeeping() {
    const std::int64_t now_us = clock_.unix_us();
    const std::lock_guard lock(store_.mutex());
    const auto report =
        meaning_.work_off(now_us, mid_pass_, [] { return false; });  // one commit's worth a turn
    mark_.keep_up(clock_);
    if (report.events > 0) wake_takers();
    if (now_us - looked_us_ >= kLookEveryUs ||
        now_us < looked_us_) {  // another process may have asked for a retry or a replay
        looked_us_ = now_us;
        wake_takers();
    }
    if (now_us - pruned_us_ < kPruneEveryUs && now_us >= pruned_us_) return;
    pruned_us_ = now_us;
    sqlite::Transaction transaction(store_.database());
    const auto let_go = let_readers_go(transaction, now_us);
    const auto pruned = outbox::prune(transaction, now_us, setup_.keep_delivered_us);
    const auto purged = record::Quarantine::purge(transaction, now_us, setup_.quarantine_days_kept);
    std::int64_t forgotten = 0;
    if (setup_.trace_days_kept > 0) {
        const std::int64_t kept_us = std::int64_t{setup_.trace_days_kept} * 86'400 * kUsPerSecond;
        forgotten = outbox::prune_trace(transaction, now_us - kept_us);
    }
    if (pruned + purged + forgotten + let_go > 0) transaction.commit();
    store_.database().give_back_cache();
    platform::give_back_free_memory();
}

void Daemon::turn() {
    turned_us_ = clock_.unix_us();
    try {
        record_deliveries();
        housekeeping();
        probe_store();
        open_intakes();
    } catch (const sqlite::StoreError& error) {
        store_failed(error);
    }
    for (auto& lane : lanes_) lane->restart_if_failed();
    if (inbox_) inbox_->restart_if_failed();
    for (auto& lane : slot_lanes_) lane->restart_if_failed();
}

void Daemon::store_failed(const sqlite::StoreError& error) {
    const std::lock_guard lock(state_mutex_);
    if (store_error_ != error.what())
        log::error("the local store failed: {}; what is there stays, trying again", error.what());
    store_error_ = error.what();
}

// A store that failed counts as working when it took a write again, and has room for more than that
// one: the log's own slack takes small ones on a full disk.
void Daemon::probe_store() {
    constexpr std::uint64_t kRoomBytesMin = 1'000'000;
    {
        const std::lock_guard lock(state_mutex_);
        if (store_error_.empty() || clock_.steady() - probed_ < kStoreRetry) return;
    }
    probed_ = clock_.steady();
    if (!check_free_space(store_.folder(), std::max(setup_.free_bytes_min, kRoomBytesMin))) return;
    {
        const std::lock_guard lock(store_.mutex());
        sqlite::Transaction transaction(store_.database());
        outbox::set_meta_value(transaction, "probed_us", std::to_string(clock_.unix_us()));
        transaction.commit();
    }
    const std::lock_guard lock(state_mutex_);
    log::info("the local store works again");
    store_error_.clear();
}

void Daemon::resume_sink(const std::string& name) {
    for (auto& lane : lanes_) {
        if (lane->name() != name) continue;
        lane->resume_if_stopped();
        lane->wake();
    }
}

std::vector<change::DanglingReference> Daemon::dangling_references() const {
    std::vector<change::DanglingReference> all;
    for (const auto& source : sources_) {
        auto found = source->worker->references().dangling;
        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

std::vector<std::pair<std::string, std::vector<StreamStatus>>> Daemon::streams() const {
    std::vector<std::pair<std::string, std::vector<StreamStatus>>> all;
    for (const auto& source : sources_)
        all.emplace_back(source->worker->name(), source->worker->status());
    return all;
}

}  // namespace mis::gateway
