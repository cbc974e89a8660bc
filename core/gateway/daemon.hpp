// Daemon: everything that runs in one process for one clinic: a thread per source, a thread per
// sink, the main loop that records deliveries, wakes groups whose time has come, prunes what every
// sink has, and answers the operator's health requests.
//
// The one place where a failing local store (disk full, I/O error) is caught: the cycle rolls back,
// says so once, waits and tries again; nothing is read while it lasts, and what is there stays.
// Stopping drains: running reads are cancelled, sinks finish what is in flight.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gateway/delivery_lane.hpp"
#include "gateway/inbox_lane.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "gateway/keeping/sent_mark.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "gateway/pipeline/source_worker.hpp"
#include "gateway/slot_lane.hpp"
#include "gateway/watching/figures.hpp"
#include "outbox/reader_place.hpp"
#include "sink/feed/feed.hpp"

namespace mis::gateway {

struct SourcePlan {
    SourceSetup setup;
    int poll_seconds = 60;
    int reconcile_hour = 3;            // the clinic's local hour of the nightly reconciliation
    std::string configured_name = {};  // by which hints mean it; setup.name may be an earlier one
};

struct FeedSetup {
    sink::feed::FeedOptions options;                     // clinic and instance are the store's
    std::map<std::string, outbox::ReaderLimits> limits;  // by reader
};

struct DaemonSetup {
    MeaningSettings meaning;
    std::vector<SourcePlan> sources;
    std::vector<SinkSetup> sinks;
    std::vector<SlotSetup> slot_sinks = {};
    std::int64_t outbox_events_max =
        5'000'000;  // more pending than that for every sink: reading waits
    std::uint64_t free_bytes_min = 256u
                                   << 20;  // less free disk: reading waits, what is there stays
    std::int64_t keep_delivered_us = 72 * 3'600 * kUsPerSecond;
    int quarantine_days_kept = 30;  // values of rows in quarantine (X4)
    int trace_days_kept = 0;        // what left about whom; 0: for ever
    InboxSetup inbox = {};
    std::optional<FeedSetup> feed = {};
};

class Daemon {
  public:
    // Registers new sinks; refuses (std::runtime_error, naming --discard) when a sink with pending
    // events is no longer configured.
    enum class RemovedSinks { refuse, discard };
    Daemon(ClinicStore& store, DaemonSetup setup, const Clock& clock, RemovedSinks removed);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    void start();
    // After start(). Throws std::runtime_error naming address or file when it cannot listen.
    void open_feed();
    void stop();  // drains; idempotent

    // One turn of the main loop; the caller waits `kTurnMilliseconds` or for a signal between
    // turns.
    void turn();
    static constexpr int kTurnMilliseconds = 100;

    // `sync --once`: every source once, then deliver until nothing is pending or
    // `deliver_seconds_max` passed. True: all sources read, nothing left.
    bool sync_once(int deliver_seconds_max);
    // All sources by a full walk; the drift of each stream afterwards stands in status().
    bool reconcile(const std::string& only_source, const std::string& only_stream);

    std::int64_t last_turn_us() const { return turned_us_; }  // waits for nobody
    // One look for /metrics, /healthz and the commands; takes the store's mutex for a moment.
    Figures figures();
    // Per source what its streams did since start.
    std::vector<std::pair<std::string, std::vector<StreamStatus>>> streams() const;
    // Per source, as of the last look (D4).
    std::vector<change::DanglingReference> dangling_references() const;
    // A sink that stopped for good tries again: its receiver was mended. Any thread.
    void resume_sink(const std::string& name);
    ClinicStore& store() { return store_; }
    Meaning& meaning() { return meaning_; }

  private:
    struct SourceThread {
        explicit SourceThread(SourcePlan source_plan) : plan(std::move(source_plan)) {}
        SourcePlan plan;
        std::unique_ptr<SourceWorker> worker;
        std::thread thread;
        std::optional<Date> reconciled_on;
        bool is_asked = false;                   // to be read now; guarded by wake_mutex_
        std::unique_ptr<source::Intake> intake;  // guarded by intake_mutex_
        std::string intake_error;                // guarded by intake_mutex_
        std::chrono::nanoseconds intake_tried{0};
    };
    class RecordsMeanwhile;
    Result<void> room();
    bool backlogged();
    void read_source(SourceThread& thread);
    void wait_for_turn(SourceThread& thread, std::chrono::seconds pause);
    void ask(SourceThread& thread, const std::string& stream);
    void open_intakes();
    void close_intakes();
    source::IntakeHooks hooks_of(SourceThread& thread);
    void look_at_books();
    std::vector<SlotSource> slot_sources(const std::set<std::string>& names);
    void register_readers(sqlite::Transaction& transaction);
    std::int64_t let_readers_go(sqlite::Transaction& transaction, std::int64_t now_us);
    void close_feed();
    void wake_takers();
    void add_reader_figures(Figures& figures);
    void record_deliveries();
    void housekeeping();
    void store_failed(const sqlite::StoreError& error);
    void probe_store();
    bool pass(SourceWorker& worker, change::PassMode mode, const std::string& only_stream = {});

    ClinicStore& store_;
    DaemonSetup setup_;
    const Clock& clock_;
    SentMark mark_;  // guarded by store_.mutex()
    Meaning meaning_;
    std::set<std::string> mid_pass_;  // guarded by store_.mutex()
    std::vector<std::unique_ptr<DeliveryLane>> lanes_;
    std::unique_ptr<InboxLane> inbox_;        // null: none is configured
    std::unique_ptr<sink::feed::Feed> feed_;  // guarded by feed_mutex_
    mutable std::mutex feed_mutex_;
    std::vector<std::unique_ptr<SourceThread>> sources_;
    std::vector<std::unique_ptr<SlotLane>> slot_lanes_;  // they ask sources_
    std::atomic<bool> stopping_{false};
    std::mutex intake_mutex_, wake_mutex_;
    std::condition_variable wake_;
    mutable std::mutex state_mutex_;
    std::string store_error_, reading_paused_;                      // guarded by state_mutex_
    std::chrono::nanoseconds backlog_counted_{-1'000'000'000'000};  // guarded by state_mutex_
    bool backlogged_ = false;                                       // guarded by state_mutex_
    std::int64_t pruned_us_ = 0, looked_us_ = 0;
    std::chrono::nanoseconds probed_{0};
    const std::int64_t started_us_;
    std::atomic<std::int64_t> turned_us_;
    std::atomic<std::int64_t> ledger_imbalance_minor_{0},
        ledger_differences_{0};  // of the last look
};

}  // namespace mis::gateway
