#include "gateway/pipeline/source_worker.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "change/key_ranges.hpp"
#include "change/open_pass.hpp"
#include "change/reconciliation.hpp"
#include "gateway/pipeline/restored.hpp"
#include "platform/crash_point.hpp"
#include "record/quarantine.hpp"

namespace mis::gateway {

namespace {

constexpr int kReadingsMax = 3;                                     // of the streams in one pass
constexpr std::int64_t kReferencesEveryUs = 3'600 * kUsPerSecond;   // at most, while all is calm
constexpr std::chrono::seconds kQuietMax = std::chrono::hours(24);  // whatever a source asks for

// Names the source as being read as long as the pass lasts, also when a failing store throws
// through it.
class MidPass {
  public:
    MidPass(std::set<std::string>& names, std::mutex& mutex, const std::string& name)
        : names_(names), mutex_(mutex), name_(name) {
        const std::lock_guard lock(mutex_);
        names_.insert(name_);
    }
    MidPass(const MidPass&) = delete;
    MidPass& operator=(const MidPass&) = delete;
    ~MidPass() {
        const std::lock_guard lock(mutex_);
        names_.erase(name_);
    }

  private:
    std::set<std::string>& names_;
    std::mutex& mutex_;
    const std::string name_;
};

// Rows that could not be read go to quarantine, those that now could come out of it. How many rows
// went there.
std::int64_t settle_quarantine(
    sqlite::Transaction& transaction, const std::string& source, const change::CaptureBatch& batch,
    std::int64_t now_us
) {
    const std::string& stream = batch.stream.stream;
    std::map<std::string, std::vector<record::RowIssue>> by_row;
    for (const auto& issue : batch.issues)
        by_row[issue.row_key.empty() ? issue.raw_row : issue.row_key].push_back(issue);
    for (const auto& [row, issues] : by_row)
        record::Quarantine::put(transaction, source, issues, now_us);
    const auto resolve = [&](const std::string& row_key) {
        if (!by_row.contains(row_key))
            record::Quarantine::resolve(transaction, source, stream, row_key, now_us);
    };
    for (const auto& key : batch.settled) resolve(key);
    if (!batch.gone.empty() && record::Quarantine::any_open(transaction.database(), source, stream))
        for (const auto& key : batch.gone) resolve(key);
    if (batch.keyless)
        record::Quarantine::resolve_keyless_but(
            transaction, source, stream, *batch.keyless, now_us
        );
    return std::ssize(by_row);
}

}  // namespace

struct SourceWorker::Stream {
    source::StreamDeclaration declaration;
    std::map<std::string, Zone> zones;  // of the branches, when the mapper was made
    std::unique_ptr<record::Mapper> mapper;
    std::optional<change::StreamPass> pass;
    StreamStatus* status = nullptr;
    std::optional<std::chrono::nanoseconds> read_at;  // steady: when a pass last read it to its end
    bool is_settled = false;  // what was read last is all taken: nothing is held, no walk goes on
};

SourceWorker::SourceWorker(
    ClinicStore& store, Meaning& meaning, std::set<std::string>& mid_pass, SourceSetup setup,
    const Clock& clock, Hooks hooks
)
    : store_(store),
      meaning_(meaning),
      mid_pass_(mid_pass),
      setup_(std::move(setup)),
      clock_(clock),
      hooks_(std::move(hooks)),
      reader_(store.reader()),
      known_(reader_) {
    for (const auto& stream : setup_.connector.streams) {
        status_[stream.name].stream = stream.name;
        status_[stream.name].poll_seconds = poll_seconds_of(stream);
    }
    // What an earlier process announced as degraded is, until it is read again.
    for (const auto& [stream, why] : change::degraded_streams(reader_, setup_.name)) {
        if (stream.empty())
            source_error_ = why;
        else if (const auto known = status_.find(stream); known != status_.end())
            known->second.error = why;
    }
}

int SourceWorker::poll_seconds_of(const source::StreamDeclaration& stream) const {
    return setup_.poll_seconds > 0 ? setup_.poll_seconds : stream.poll_seconds;
}

// A pass comes as often as the most frequent stream asks; the others are read when their own time
// has come. A second's slack: passes are not counted by the same clock tick.
bool SourceWorker::is_due(const Stream& stream) const {
    if (!stream.read_at || !stream.pass) return true;
    const auto& state = stream.pass->state();
    if (state.backfill != change::Backfill::done || !state.reconcile_after.empty()) return true;
    const auto period = std::chrono::seconds(poll_seconds_of(stream.declaration) - 1);
    return clock_.steady() - *stream.read_at >= period;
}

std::optional<double> SourceWorker::clock_skew_seconds() const {
    const std::lock_guard lock(status_mutex_);
    return clock_skew_seconds_;
}

SourceWorker::~SourceWorker() = default;

void SourceWorker::cancel() {
    cancelled_ = true;
    const std::lock_guard lock(source_mutex_);
    if (source_) source_->cancel();
}

// A cancel() that comes before finds cancelled_ set, one that comes after finds the source.
void SourceWorker::use_source(std::unique_ptr<source::Source> source) {
    const std::lock_guard lock(source_mutex_);
    source_.swap(source);
    if (source_ && cancelled_) source_->cancel();
}  // the former one ends here

void SourceWorker::read_soon(const std::string& stream) {
    const std::lock_guard lock(status_mutex_);
    soon_.insert(stream);
}

std::vector<StreamStatus> SourceWorker::status() const {
    const std::lock_guard lock(status_mutex_);
    std::vector<StreamStatus> all;
    for (const auto& declaration : setup_.connector.streams)
        all.push_back(status_.at(declaration.name));
    if (!source_error_.empty())
        for (auto& status : all)
            if (status.off.empty()) status.error = source_error_;
    return all;
}

bool SourceWorker::is_reconciling() {
    return change::reconciliation_is_under_way(reader_, setup_.name);
}

Result<void> SourceWorker::prepare() {
    if (cancelled_) return fail(ErrorKind::cancelled, "stopping");
    if (source_) return check_identity();
    auto made = setup_.open(setup_.connector, setup_.options, clock_);
    if (!made) return fail(made.error());
    use_source(std::move(*made));
    keys_.reset();
    const auto off = source_->streams_off();
    if (!off) {
        const Error error = off.error();
        use_source(nullptr);
        return fail(error);
    }
    streams_.clear();
    {
        const std::lock_guard lock(status_mutex_);
        for (auto& [name, status] : status_) {
            const auto found = off->find(name);
            status.off = found == off->end() ? "" : found->second;
        }
    }
    for (const auto& declaration : setup_.connector.streams) {
        if (off->contains(declaration.name)) continue;
        streams_.push_back(std::make_unique<Stream>());
        streams_.back()->declaration = declaration;
        streams_.back()->status = &status_.at(declaration.name);
    }
    return check_identity();
}

// Made when its turn comes, and again when the branches' zones have changed: times of a branch are
// read in its zone, which an earlier stream of the same pass may have told.
Result<void> SourceWorker::prepare_stream(Stream& stream) {
    if (const auto stopped = setup_.stopped.find(stream.declaration.name);
        stopped != setup_.stopped.end())
        return fail(ErrorKind::misconfigured, stopped->second);
    record::MapContext context{setup_.clinic_zone, {}, setup_.options.site, setup_.currency};
    {
        const std::lock_guard lock(store_.mutex());
        context.branch_zones = meaning_.zones_of(setup_.name);
    }
    const auto same_zone = [](const auto& a, const auto& b) {
        return a.first == b.first && a.second.name() == b.second.name();
    };
    if (stream.pass && std::equal(
                           stream.zones.begin(), stream.zones.end(), context.branch_zones.begin(),
                           context.branch_zones.end(), same_zone
                       ))
        return {};
    auto mapper = record::Mapper::create(setup_.connector, stream.declaration, context);
    if (!mapper) return fail(mapper.error());
    stream.pass.reset();
    stream.is_settled = false;
    stream.mapper = std::move(*mapper);
    stream.zones = std::move(context.branch_zones);
    auto pass = change::StreamPass::create(
        setup_.name, stream.declaration, *source_, *stream.mapper, known_, reader_, clock_,
        setup_.pass
    );
    if (!pass) return fail(pass.error());
    stream.pass.emplace(std::move(*pass));
    return {};
}

Result<void> SourceWorker::check_identity() {
    const auto fingerprint = source_->fingerprint();
    if (!fingerprint) return fail(fingerprint.error());
    if (!keys_) {
        std::vector<std::string> names;
        for (const auto& stream : streams_) names.push_back(stream->declaration.name);
        const auto compared = change::compare_key_ranges(reader_, *source_, setup_.name, names);
        if (!compared) return fail(compared.error());
        keys_ = *compared;
    }
    const std::lock_guard lock(store_.mutex());
    sqlite::Transaction transaction(store_.database());
    const auto verdict =
        change::check_fingerprint(transaction, setup_.name, *fingerprint, *keys_, clock_.unix_us());
    transaction.commit();
    if (verdict == change::FingerprintVerdict::held) {
        keys_.reset();  // asked again: the right base may come back
        return fail(
            ErrorKind::misconfigured,
            "this is another base than the one read so far under the name " + setup_.name +
                ": if it is meant, `mis-gateway hold release " + setup_.name +
                "`; else mend the connection in the configuration"
        );
    }
    return {};
}

Result<change::CaptureCounts> SourceWorker::capture(Stream& stream, change::CaptureBatch&& batch) {
    if (cancelled_) return fail(ErrorKind::cancelled, "stopping");
    if (hooks_.room)
        if (auto room = hooks_.room(); !room) return fail(room.error());
    const std::int64_t now_us = clock_.unix_us();
    change::CaptureCounts counts;
    std::int64_t quarantined = 0;
    {
        const std::lock_guard lock(store_.mutex());
        sqlite::Transaction transaction(store_.database());
        change::RecordStore records(store_.database());
        counts = change::apply(transaction, records, batch, now_us);
        if (counts.wrote() && !std::exchange(is_open_, true))
            change::open_pass(transaction, setup_.name, now_us);
        quarantined = settle_quarantine(transaction, setup_.name, batch, now_us);
        platform::crash_point("capture.before_commit");
        transaction.commit();
        platform::crash_point("capture.after_commit");
    }
    const std::lock_guard lock(status_mutex_);
    auto& status = *stream.status;
    status.rows_scanned += batch.rows;
    status.rows_unchanged += counts.unchanged + counts.silent;
    status.rows_mapped += counts.created + counts.updated;
    status.rows_quarantined += quarantined;
    for (const auto& [reason, rows] : batch.skipped) status.rows_skipped += rows;
    return counts;
}

SourceWorker::PassSummary SourceWorker::pass(
    change::PassMode mode, const std::string& only_stream
) {
    PassSummary summary;
    if (quiet_until_ && clock_.steady() < *quiet_until_) {
        summary.degraded = quiet_because_;
        return summary;
    }
    quiet_until_.reset();
    if (auto prepared = prepare(); !prepared) {
        summary.degraded.emplace("", prepared.error());
        if (prepared.error().kind != ErrorKind::cancelled) degrade("", prepared.error());
        if (prepared.error().kind == ErrorKind::unavailable) use_source(nullptr);
        keep_quiet(summary.degraded);
        return summary;
    }
    recover("");
    is_restoring_ = only_stream.empty() && is_awaited_after_restore();
    if (is_restoring_)
        mode = change::PassMode::reconcile;
    else
        compared_.clear();
    bool was_cut = false;  // an earlier pass, which one stream alone does not complete
    if (!only_stream.empty()) {
        const std::lock_guard lock(store_.mutex());
        was_cut = change::open_passes(store_.database()).contains(setup_.name);
    }
    {
        const MidPass mid_pass(mid_pass_, store_.mutex(), setup_.name);
        not_due_.clear();
        std::set<std::string> soon;
        if (only_stream.empty()) {
            const std::lock_guard lock(status_mutex_);
            soon.swap(soon_);
        }
        if (mode == change::PassMode::poll && only_stream.empty() && !soon.contains(""))
            for (const auto& stream : streams_)
                if (!is_due(*stream) && !soon.contains(stream->declaration.name))
                    not_due_.insert(stream->declaration.name);
        if (read_streams(mode, only_stream, summary)) {
            if (!was_cut) close_pass();
            if (is_restoring_ && !cancelled_) settle_restore();
        }
    }
    keep_quiet(summary.degraded);
    if (!cancelled_ && summary.degraded.empty())
        count_references(
            summary.backfilled ? change::PassMode::reconcile : mode, summary.counts.wrote()
        );
    if (summary.counts.wrote()) reader_.give_back_cache();
    std::unique_lock lock(store_.mutex());
    if (!cancelled_)
        summary.meaning = meaning_.work_off(clock_.unix_us(), mid_pass_, [&] {
            // The meaning of a whole backfill takes minutes: deliveries, health and other sources
            // get their turn between two commits.
            ClinicStore::breathe(lock);
            return !cancelled_;
        });
    return summary;
}

// True: the pass is complete.
bool SourceWorker::read_streams(
    change::PassMode mode, const std::string& only_stream, PassSummary& summary
) {
    refused_.clear();
    interrupted_.clear();
    is_open_ = capture_failed_ = false;
    for (int reading = 1;; ++reading) {
        const bool first = reading == 1;
        const auto read =
            read_once(mode, only_stream, first ? Others::left_out : Others::polled, summary);
        if (read == Reading::complete) return true;
        if (read == Reading::cut) {
            streams_.clear();
            use_source(nullptr);  // connects anew next time
            return false;
        }
        if (reading == kReadingsMax) {
            if (read == Reading::in_pieces) return true;
            streams_.clear();  // all of them are read anew next time, from one state
            use_source(nullptr);
            for (const auto& [stream, error] : summary.degraded) degrade(stream, error);
            return false;
        }
        if (read == Reading::interrupted) {  // is it the same base still?
            streams_.clear();
            use_source(nullptr);
            if (auto prepared = prepare(); !prepared) {
                summary.degraded.insert_or_assign("", prepared.error());
                if (prepared.error().kind != ErrorKind::cancelled) degrade("", prepared.error());
                use_source(nullptr);
                return false;
            }
        }
    }
}

// A comparison has to go through each stream whole once, however often it is cut; what was compared
// is only polled when it is read once more.
SourceWorker::Reading SourceWorker::read_once(
    change::PassMode mode, const std::string& only_stream, Others others, PassSummary& summary
) {
    source_->begin_pass();
    auto reading = Reading::complete;
    for (auto& stream : streams_) {
        const std::string& name = stream->declaration.name;
        const bool is_meant = only_stream.empty() || name == only_stream;
        if ((!is_meant && others == Others::left_out) || refused_.contains(name) ||
            not_due_.contains(name))
            continue;
        const bool is_done = !is_meant || compared_.contains(name);
        const auto report = read_stream(*stream, is_done ? change::PassMode::poll : mode, summary);
        if (!report) {
            const auto left = after_failure(name, report.error(), summary);
            if (left == Reading::complete) continue;
            reading = left;
            break;
        }
        if (mode == change::PassMode::reconcile && !is_done) compared_.insert(name);
        if (report->own_snapshots) reading = Reading::in_pieces;
    }
    const int snapshots = source_->end_pass();
    return reading == Reading::complete && snapshots > 1 ? Reading::in_pieces : reading;
}

// What is left of the reading when one of its streams failed.
SourceWorker::Reading SourceWorker::after_failure(
    const std::string& stream, const Error& error, PassSummary& summary
) {
    summary.degraded.insert_or_assign(stream, error);
    const bool cut_off = source_->was_cut_off();
    // One stream may be too slow while the others can be read; when the server itself is away, its
    // others need not be tried, and not be said, one by one.
    const bool cut = cancelled_ || capture_failed_ || error.wait ||
                     (error.kind == ErrorKind::unavailable && !source_->source_now());
    if (!cut && error.kind == ErrorKind::unavailable && cut_off &&
        interrupted_.insert(stream).second)
        return Reading::interrupted;  // nobody is told: it is read again at once
    if (error.kind != ErrorKind::cancelled) degrade(stream, error);
    if (cut) return Reading::cut;
    refused_.insert(stream);
    return Reading::complete;
}

Result<change::PassReport> SourceWorker::read_stream(
    Stream& stream, change::PassMode mode, PassSummary& summary
) {
    const std::int64_t started_us = clock_.unix_us();
    stream.read_at.reset();
    if (auto prepared = prepare_stream(stream); !prepared) return fail(prepared.error());
    const bool was_settled = std::exchange(stream.is_settled, false);
    if (mode == change::PassMode::poll && was_settled &&
        source_->stands_as_read(stream.declaration.name)) {
        stream.is_settled = true;
        stream.read_at = clock_.steady();
        const std::lock_guard lock(status_mutex_);
        stream.status->last_success_us = clock_.unix_us();
        return change::PassReport{};
    }
    auto report = stream.pass->run(mode, [&](change::CaptureBatch&& batch) {
        auto counts = capture(stream, std::move(batch));
        if (!counts) capture_failed_ = true;
        return counts;
    });
    if (!report) {
        const std::lock_guard lock(store_.mutex());
        sqlite::Transaction transaction(store_.database());
        stream.pass->failed(transaction, report.error());
        transaction.commit();
        return report;
    }
    summary.degraded.erase(stream.declaration.name);
    summary.counts += report->counts;
    summary.rows += report->rows;
    if (stream.declaration.kind == "branch" && report->counts.wrote()) {
        const std::lock_guard lock(store_.mutex());
        meaning_.reload_rules();
    }
    summary.backfilled |= report->backfilled;
    if (report->backfilled) {
        const std::lock_guard lock(store_.mutex());
        store_.database().execute("pragma temp_store = file"
        );  // sorting a million keys in memory would need some 50 MB
        {
            sqlite::Transaction transaction(store_.database());
            change::RecordStore::create_indexes(transaction);
            transaction.commit();
        }
        store_.database().execute("pragma temp_store = memory");
    }
    recover(stream.declaration.name);
    stream.read_at = clock_.steady();
    const auto& state = stream.pass->state();
    stream.is_settled = !report->removals_held && state.backfill == change::Backfill::done &&
                        state.reconcile_after.empty();
    const std::lock_guard lock(status_mutex_);
    clock_skew_seconds_ = source_->clock_skew_seconds();
    stream.status->last_success_us = clock_.unix_us();
    stream.status->poll_us = stream.status->last_success_us - started_us;
    stream.status->drift = stream.pass->state().drift;
    stream.status->reconciled_us = stream.pass->state().reconciled_us;
    stream.status->rows_repeated += report->repeated;
    return report;
}

// The longest of what its streams were asked for.
void SourceWorker::keep_quiet(const std::map<std::string, Error>& degraded) {
    std::chrono::seconds longest{0};
    for (const auto& [stream, error] : degraded)
        if (error.wait) longest = std::max(longest, std::min(*error.wait, kQuietMax));
    if (longest.count() == 0) return;
    quiet_until_ = clock_.steady() + longest;
    quiet_because_ = degraded;
}

void SourceWorker::close_pass() {
    const std::lock_guard lock(store_.mutex());
    if (!change::open_passes(store_.database()).contains(setup_.name)) return;
    sqlite::Transaction transaction(store_.database());
    change::close_pass(transaction, setup_.name);
    platform::crash_point("pass.before_commit");
    transaction.commit();
    platform::crash_point("pass.after_commit");
}

bool SourceWorker::is_awaited_after_restore() {
    const std::lock_guard lock(store_.mutex());
    return restored::sources_awaited(store_.database()).contains(setup_.name);
}

// Read whole, or refused for good: what was restored may have its meaning.
void SourceWorker::settle_restore() {
    for (const auto& stream : streams_)
        if (!compared_.contains(stream->declaration.name) &&
            !refused_.contains(stream->declaration.name))
            return;
    const std::lock_guard lock(store_.mutex());
    sqlite::Transaction transaction(store_.database());
    restored::source_was_compared(transaction, setup_.name);
    if (!refused_.empty()) restored::gone_taken_back(transaction);  // they may be, unread
    transaction.commit();
    log::info("source {} was compared whole after the restore", setup_.name);
}

void SourceWorker::degrade(const std::string& stream, const Error& error) {
    {
        const std::lock_guard lock(status_mutex_);
        std::string& held = stream.empty() ? source_error_ : status_.at(stream).error;
        if (held == error.text) return;
        const bool news = held.empty();
        held = error.text;
        log::warn(
            "source {}{}{} degraded: {}", setup_.name, stream.empty() ? "" : " stream ", stream,
            error.text
        );
        if (!news) return;
    }
    announce("source.degraded", stream, to_string(error.kind), error.text);
}

void SourceWorker::recover(const std::string& stream) {
    {
        const std::lock_guard lock(status_mutex_);
        std::string& held = stream.empty() ? source_error_ : status_.at(stream).error;
        if (held.empty()) return;
        held.clear();
    }
    log::info("source {}{}{} recovered", setup_.name, stream.empty() ? "" : " stream ", stream);
    announce("source.recovered", stream, "", "");
}

void SourceWorker::announce(
    const std::string& type, const std::string& stream, std::string_view reason,
    const std::string& why
) {
    domain::Event event;
    event.type = type;
    event.entity_id = "source/" + setup_.name;
    event.subject = event.partition_key = event.entity_id;
    event.source = setup_.name;
    event.time = setup_.clinic_zone.at(clock_.unix_us());
    event.data.set_string("source", setup_.name);
    if (!stream.empty()) event.data.set_string("stream", stream);
    event.identity = event.data.text();
    if (!reason.empty()) event.data.set_string("reason", reason);
    event.ground = "state of the connection, no patient";
    const std::lock_guard lock(store_.mutex());
    sqlite::Transaction transaction(store_.database());
    meaning_.announce(transaction, {event}, clock_.unix_us());
    change::set_degraded(transaction, setup_.name, stream, why);
    transaction.commit();
}

SourceWorker::References SourceWorker::references() const {
    const std::lock_guard lock(status_mutex_);
    return references_;
}

// A comparison of everything is what the next one's growth is measured by.
void SourceWorker::count_references(change::PassMode mode, bool wrote) {
    const std::int64_t now_us = clock_.unix_us();
    const bool compared = mode == change::PassMode::reconcile;
    const bool is_due =
        references_us_ == 0 ||
        (wrote && (now_us - references_us_ > kReferencesEveryUs || now_us < references_us_));
    if (!compared && !is_due) return;
    auto found = change::dangling_references(reader_, setup_.name);
    const auto before = change::reference_baselines(reader_, setup_.name);
    auto more = change::grown(found, before);
    if (compared || before.empty()) {
        const std::lock_guard lock(store_.mutex());
        sqlite::Transaction transaction(store_.database());
        change::save_reference_baselines(transaction, setup_.name, found);
        transaction.commit();
    }
    references_us_ = now_us;
    for (const auto& one : more) log::warn("source {}: {}", setup_.name, change::describe(one));
    const std::lock_guard lock(status_mutex_);
    references_ = {std::move(found), std::move(more)};
}

}  // namespace mis::gateway
