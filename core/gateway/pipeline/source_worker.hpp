// SourceWorker: passes over one source. Reading and mapping happen on the caller's thread without
// any lock; each batch is captured, and the pass's meaning worked off, under the store's mutex.
//
// A stream that fails is degraded: it keeps its cursor, its absence removes nothing, the others go
// on. The source's streams are prepared anew after a connection error. After a crash everything not
// committed is read again.
//
// D2: a pass is complete when the last reading of its streams saw one state of the source. Where a
// walk (backfill, reconciliation) or a slow poll needed more than one, or the connection was lost,
// the streams are polled once more, at most kReadingsMax times in all; then it counts as complete
// if every stream was read. What a pass that is not complete has captured stays without meaning,
// also after a restart (change/open_pass.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "change/references.hpp"
#include "change/stream_pass.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "record/mapper.hpp"
#include "source/connector.hpp"
#include "source/intake.hpp"
#include "source/source.hpp"

namespace mis::gateway {

struct SourceSetup {
    std::string name;
    source::Connector connector;
    source::Opener open;
    source::SourceOptions options;
    Zone clinic_zone;
    std::string currency = "RUB";
    change::PassOptions pass;
    int poll_seconds = 0;  // of every stream; 0: each as its connector declares
    std::map<std::string, std::string>
        stopped;  // stream → why it must not run (a site's override that no longer fits)
    source::IntakeOpener intake = {};  // of a source that is sent its rows; empty: it is asked
};

struct StreamStatus {
    std::string stream;
    std::string off;    // why the stream is off on this base; empty: it is on
    std::string error;  // why it is degraded; empty: it is not
    int poll_seconds = 60;
    std::int64_t last_success_us = 0;
    std::int64_t rows_scanned = 0, rows_unchanged = 0, rows_mapped = 0, rows_quarantined = 0,
                 rows_skipped = 0, rows_repeated = 0;  // since start
    std::int64_t poll_us = 0;                          // duration of the last pass
    change::Drift drift;                               // of the last full comparison
    std::int64_t reconciled_us = 0;                    // when that was; 0: not yet
};

class SourceWorker {
  public:
    struct Hooks {
        std::function<Result<void>()>
            room;  // whether outbox and disk have room to read on; asked before each batch
    };

    SourceWorker(
        ClinicStore& store, Meaning& meaning, std::set<std::string>& mid_pass, SourceSetup setup,
        const Clock& clock, Hooks hooks
    );
    ~SourceWorker();

    struct PassSummary {
        change::CaptureCounts counts;
        MeaningReport meaning;
        std::int64_t rows = 0;
        bool backfilled = false;                // a stream's backfill ended in it
        std::map<std::string, Error> degraded;  // stream → why; "" for the whole source
    };
    // One complete pass: every stream, then the meaning of what changed. Only a failing local store
    // throws. Where the source has asked not to be asked for a while (Error::wait) it is left in
    // peace: until then a pass asks nothing and says again what the last one said.
    PassSummary pass(change::PassMode mode, const std::string& only_stream = {});

    // From any thread: the next pass reads that stream, due or not; empty: all of them.
    void read_soon(const std::string& stream);

    // From any thread, for good: the running read ends soon, and so does the pass; later ones read
    // nothing.
    void cancel();
    std::vector<StreamStatus> status() const;
    // D4, as of the last look: after a backfill and a reconciliation, else now and then. `grown`:
    // those that are more than at the comparison before.
    struct References {
        std::vector<change::DanglingReference> dangling, grown;
    };
    References references() const;
    // The source's clock minus ours, as the last pass saw it.
    std::optional<double> clock_skew_seconds() const;
    int poll_seconds_of(const source::StreamDeclaration& stream) const;
    // A reconciliation was interrupted; the next passes go on with it. Asked before the first pass.
    bool is_reconciling();
    const std::string& name() const { return setup_.name; }
    const SourceSetup& setup() const { return setup_; }

  private:
    struct Stream;
    enum class Reading {
        complete,     // in one state of the source
        in_pieces,    // every stream was read, but in several states
        interrupted,  // the connection was lost, and stands again
        cut
    };
    bool read_streams(change::PassMode mode, const std::string& only_stream, PassSummary& summary);
    enum class Others { left_out, polled };  // streams beside the only one
    Reading read_once(
        change::PassMode mode, const std::string& only_stream, Others others, PassSummary& summary
    );
    Result<change::PassReport> read_stream(
        Stream& stream, change::PassMode mode, PassSummary& summary
    );
    Reading after_failure(const std::string& stream, const Error& error, PassSummary& summary);
    void keep_quiet(const std::map<std::string, Error>& degraded);
    void close_pass();
    void use_source(std::unique_ptr<source::Source> source);
    bool is_due(const Stream& stream) const;
    Result<void> prepare();
    Result<void> check_identity();
    Result<void> prepare_stream(Stream& stream);
    Result<change::CaptureCounts> capture(Stream& stream, change::CaptureBatch&& batch);
    bool is_awaited_after_restore();  // restored.hpp
    void settle_restore();
    void degrade(const std::string& stream, const Error& error);
    void recover(const std::string& stream);
    void announce(
        const std::string& type, const std::string& stream, std::string_view reason,
        const std::string& why
    );
    void count_references(change::PassMode mode, bool wrote);

    ClinicStore& store_;
    Meaning& meaning_;
    std::set<std::string>& mid_pass_;  // guarded by the store's mutex
    SourceSetup setup_;
    const Clock& clock_;
    Hooks hooks_;
    sqlite::Database reader_;
    change::RecordStore known_;
    std::mutex source_mutex_;  // who replaces source_, or asks it from another thread
    std::unique_ptr<source::Source> source_;
    std::set<std::string> refused_;   // streams, in this pass
    bool is_restoring_ = false;       // this pass: restored.hpp awaits the source
    std::set<std::string> compared_;  // streams compared whole in this pass, or since the restore
    std::set<std::string> interrupted_;              // streams whose reading was cut off once
    bool is_open_ = false, capture_failed_ = false;  // this pass
    std::optional<change::KeyRanges> keys_;          // compared once per connection
    std::vector<std::unique_ptr<Stream>> streams_;
    std::atomic<bool> cancelled_{false};
    mutable std::mutex status_mutex_;
    std::map<std::string, StreamStatus> status_;           // guarded by status_mutex_
    std::string source_error_;                             // guarded by status_mutex_
    std::optional<std::chrono::nanoseconds> quiet_until_;  // steady
    std::map<std::string, Error> quiet_because_;
    References references_;                     // guarded by status_mutex_
    std::int64_t references_us_ = 0;            // when they were counted; 0: not yet
    std::optional<double> clock_skew_seconds_;  // guarded by status_mutex_
    std::set<std::string> not_due_;             // streams that this pass leaves out
    std::set<std::string> soon_;                // guarded by status_mutex_
};

}  // namespace mis::gateway
