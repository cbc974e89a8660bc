#include "source/firebird/source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mis::source::firebird {

FirebirdSource::FirebirdSource(
    Connector connector, FirebirdSettings settings, const Clock& clock, SourceOptions options,
    std::shared_ptr<const Api> api
)
    : connector_(std::move(connector)),
      settings_(std::move(settings)),
      clock_(clock),
      options_(std::move(options)),
      site_(connector_.site_defaults),
      api_(std::move(api)),
      polling_(settings_.effort.polling_percent),
      backfill_(settings_.effort.backfill_percent) {
    for (const auto& [key, value] : options_.site) site_[key] = value;
    for (const StreamDeclaration& stream : connector_.streams)
        for (const ColumnDeclaration& column : stream.columns)
            column_names_[stream.name].push_back(column.name);
}

FirebirdSource::~FirebirdSource() { disconnect(); }

const std::vector<std::string>& FirebirdSource::columns(const std::string& stream) const {
    const auto found = column_names_.find(stream);
    MIS_ASSERT(found != column_names_.end());
    return found->second;
}

const StreamDeclaration* FirebirdSource::find(const std::string& stream) const {
    for (const StreamDeclaration& declared : connector_.streams)
        if (declared.name == stream) return &declared;
    return nullptr;
}

std::optional<std::string> FirebirdSource::why_off(const StreamDeclaration& stream) const {
    if (!stream.optional || stream.requires_table.empty() ||
        connection_->catalog.has_table(stream.requires_table))
        return std::nullopt;
    return fmt::format("this base has no table {}", stream.requires_table);
}

Deadline FirebirdSource::statement_deadline(int seconds_max) const {
    return SteadyClock::now() +
           std::chrono::seconds(std::min(seconds_max, settings_.statement_seconds_max));
}

Error FirebirdSource::explain(Error error, Watchdog::Verdict verdict) const {
    if (verdict == Watchdog::Verdict::cancelled) return Error{ErrorKind::cancelled, "cancelled"};
    if (verdict == Watchdog::Verdict::too_long)
        return Error{
            ErrorKind::unavailable,
            fmt::format(
                "the server took longer than {} s (statement_seconds_max; a snapshot lives at most "
                "{} s): the slice must be smaller",
                settings_.statement_seconds_max, kSnapshotSecondsMax
            ),
        };
    return error;
}

Result<FirebirdSource::Freshness> FirebirdSource::connect() {
    if (connection_) return Freshness::kept;
    auto connection = std::make_unique<Connection>();
    auto attachment = Attachment::open(api_, target_of(settings_));
    if (!attachment) return fail(attachment.error());
    connection->attachment = *std::move(attachment);
    connection->dialect = settings_.dialect;
    Result<void> learned;
    Watchdog::Verdict verdict;
    {
        const Watchdog::Guard guard(watchdog_, *connection->attachment, statement_deadline());
        learned = learn(*connection, connector_, settings_);
        verdict = guard.verdict();
    }
    connection_ = std::move(connection);
    if (learned && verdict == Watchdog::Verdict::untouched) return Freshness::made_now;
    disconnect();
    return fail(explain(learned ? Error{ErrorKind::unavailable, ""} : learned.error(), verdict)
                    .within("reading the catalog"));
}

void FirebirdSource::disconnect() {
    if (!connection_) return;
    const auto attachment = std::move(connection_->attachment);  // outlives the guard
    {
        // a server that does not answer must not hold us: the guard aborts what blocks
        const Watchdog::Guard guard(
            watchdog_, *attachment, SteadyClock::now() + Watchdog::kAbortAfter
        );
        snapshot_.reset();
        connection_->statements.clear();
        attachment->detach();
    }
    connection_.reset();
}

Result<TextRows> FirebirdSource::ask(
    std::string_view sql, const std::vector<std::string>& parameters
) {
    for (int attempt = 0;; ++attempt) {
        auto fresh = connect();
        if (!fresh) return fail(fresh.error());
        Result<TextRows> rows;
        Watchdog::Verdict verdict;
        {
            const Watchdog::Guard guard(
                watchdog_, *connection_->attachment, statement_deadline(kAskSecondsMax)
            );
            auto transaction =
                Transaction::begin(*connection_->attachment, Access::read_only_snapshot);
            rows = transaction ? connection_->query(*transaction, sql, parameters, 100'000)
                               : fail(transaction.error());
            verdict = guard.verdict();
        }
        if (verdict != Watchdog::Verdict::untouched) {
            disconnect();
            if (verdict == Watchdog::Verdict::cancelled) watchdog_.forget_cancel();
            return fail(explain(Error{ErrorKind::unavailable, ""}, verdict));
        }
        if (rows || rows.error().kind != ErrorKind::unavailable) return rows;
        disconnect();
        if (attempt > 0 || *fresh == Freshness::made_now) return rows;
    }
}

Result<ReadReport> FirebirdSource::read(
    const std::string& stream, const Slice& slice,
    const std::function<Result<void>(RowBatch&&)>& take
) {
    const StreamDeclaration* declared = find(stream);
    if (declared == nullptr)
        return fail(
            ErrorKind::misconfigured,
            fmt::format("connector {} has no stream {}", connector_.name, stream)
        );
    auto form = form_of(*declared, slice);
    if (!form) return fail(form.error());

    DutyCycle& duty = slice.by == Slice::By::key_walk ? backfill_ : polling_;
    if (const auto pause = duty.pause(clock_.steady()); pause.count() > 0) {
        if (options_.sleep)
            options_.sleep(pause);
        else
            watchdog_.wait_unless_cancelled(pause);
        duty.pause(clock_.steady());
    }
    for (int attempt = 0;; ++attempt) {
        if (watchdog_.cancel_asked()) {
            watchdog_.forget_cancel();
            return fail(ErrorKind::cancelled, fmt::format("reading {}: cancelled", stream));
        }
        auto fresh = connect();
        if (!fresh) {
            if (fresh.error().kind == ErrorKind::cancelled) watchdog_.forget_cancel();
            if (fresh.error().kind == ErrorKind::unavailable) cut_off_ = true;
            return fail(fresh.error().within("reading " + stream));
        }
        const bool of_pass = in_pass_ && slice.snapshot == Slice::Snapshot::of_pass;
        if (of_pass) {
            if (auto taken = take_snapshot(); !taken) {
                if (taken.error().kind == ErrorKind::unavailable) cut_off_ = true;
                return fail(taken.error().within("reading " + stream));
            }
        } else {
            release_snapshot();  // not kept open beside a walk
        }
        if (const auto off = why_off(*declared))
            return fail(ErrorKind::misconfigured, fmt::format("reading {}: {}", stream, *off));
        Progress progress;
        auto report = read_slice(*declared, *form, slice, take, progress);
        if (report) {
            duty.spent(std::chrono::microseconds(report->source_us));
            return report;
        }
        if (report.error().kind == ErrorKind::cancelled) watchdog_.forget_cancel();
        // a kept attachment may have died since the last read (the server was restarted at night):
        // one more try, if nothing was handed over
        const bool stale = report.error().kind == ErrorKind::unavailable &&
                           *fresh == Freshness::kept && !progress.took &&
                           progress.verdict == Watchdog::Verdict::untouched && !connection_;
        if (!stale || attempt > 0) {
            if (report.error().kind == ErrorKind::unavailable && !connection_ &&
                progress.verdict == Watchdog::Verdict::untouched)
                cut_off_ = true;
            return fail(report.error().within("reading " + stream));
        }
    }
}

Result<ReadReport> FirebirdSource::read_slice(
    const StreamDeclaration& stream, const SliceForm& form, const Slice& slice,
    const std::function<Result<void>(RowBatch&&)>& take, Progress& progress
) {
    ReadReport report;
    Attachment& attachment = *connection_->attachment;
    const bool of_pass = in_pass_ && slice.snapshot == Slice::Snapshot::of_pass;
    const auto snapshot_end =
        of_pass ? snapshot_->end : SteadyClock::now() + std::chrono::seconds(kSnapshotSecondsMax);
    auto allowance = std::chrono::duration_cast<SteadyClock::duration>(
        std::chrono::seconds(settings_.statement_seconds_max)
    );
    std::optional<Error> problem, refusal;  // of the server; of `take`
    Watchdog::Verdict verdict = Watchdog::Verdict::untouched;
    SteadyClock::duration worked{0};
    {
        std::optional<Watchdog::Guard> guard;
        auto section_begin = SteadyClock::now();
        const auto enter = [&] {
            section_begin = SteadyClock::now();
            guard.emplace(
                watchdog_, attachment, std::min(section_begin + allowance - worked, snapshot_end)
            );
        };
        const auto leave = [&] {
            verdict = guard->verdict();
            guard.reset();
            worked += SteadyClock::now() - section_begin;
            return verdict == Watchdog::Verdict::untouched;
        };
        enter();
        const auto run = [&]() -> Result<void> {
            std::optional<Transaction> own;
            if (!of_pass) {
                auto begun = Transaction::begin(attachment, Access::read_only_snapshot);
                if (!begun) return fail(begun.error());
                own.emplace(*std::move(begun));
            }
            Transaction& transaction = of_pass ? snapshot_->transaction : *own;
            auto found = connection_->prepared(transaction, stream, form, site_);
            if (!found) return fail(found.error());
            if (*found == nullptr) return {};  // this base has no such stamp
            Statement& statement = *(*found)->statement;
            const std::vector<ColumnPlan>& plan = (*found)->plan;
            struct CloseCursor {  // before the transaction ends, whatever happened
                Statement& statement;
                ~CloseCursor() { statement.close(); }
            } const close_cursor{statement};
            if (auto done = statement.execute(
                    transaction, parameters_of(form, slice), connection_->encoder()
                );
                !done)
                return done;

            RowBatch batch(plan.size());
            while (true) {
                auto more = statement.fetch();
                if (!more) return fail(more.error());
                if (*more) {
                    if (auto row = append_row(statement, plan, transaction, batch); !row)
                        return row;
                    ++report.rows;
                    if (batch.rows() < kBatchRowsMax && batch.bytes() < kBatchBytesMax) continue;
                }
                if (batch.rows() > 0) {
                    if (!leave()) {
                        enter();
                        return fail(ErrorKind::unavailable, "ended by the watchdog");
                    }
                    progress.took = true;
                    auto taken = take(std::move(batch));
                    batch = RowBatch(plan.size());
                    enter();
                    if (!taken) {
                        refusal = taken.error();
                        return {};
                    }
                }
                if (!*more) return {};
            }
        };
        if (auto done = run(); !done) problem = done.error();
        const auto earlier = verdict;
        leave();
        if (earlier != Watchdog::Verdict::untouched) verdict = earlier;
    }
    progress.verdict = verdict;
    report.source_us = std::chrono::duration_cast<std::chrono::microseconds>(worked).count();
    const bool unsound = verdict != Watchdog::Verdict::untouched ||
                         (problem && problem->kind == ErrorKind::unavailable);
    // a value that cannot be computed leaves attachment and statement as they are
    const bool refused = problem && problem->kind != ErrorKind::malformed;
    if (unsound || (refused && !of_pass))
        disconnect();
    else if (refused)  // the others go on in the same snapshot
        learn_again_ = true;
    if (refusal) return fail(*refusal);
    if (verdict != Watchdog::Verdict::untouched || problem)
        return fail(explain(problem.value_or(Error{ErrorKind::unavailable, ""}), verdict));
    return report;
}

Result<std::vector<std::string>> FirebirdSource::keys(
    const std::string& stream, const Slice& slice, std::size_t most
) {
    const StreamDeclaration* declared = find(stream);
    MIS_ASSERT(declared != nullptr);
    Slice asked = slice;
    declared = noted_in(*declared, asked);
    if (declared == nullptr) return std::vector<std::string>();
    const auto form = form_of(*declared, asked);
    if (!form) return fail(form.error());
    if (const auto fresh = connect(); !fresh) return fail(fresh.error());
    if (slice.by == Slice::By::deletes) {
        const auto key = render_column(declared->key, connection_->catalog, site_);
        if (!key) return fail(key.error());
        if (key->empty()) return std::vector<std::string>();  // this base notes none
    }
    std::vector<std::string> found;
    Result<void> done;
    Watchdog::Verdict verdict;
    {
        const Watchdog::Guard guard(watchdog_, *connection_->attachment, statement_deadline());
        done = connection_->keys(*declared, *form, asked, site_, most, found);
        verdict = guard.verdict();
    }
    if (verdict != Watchdog::Verdict::untouched) {
        disconnect();
        if (verdict == Watchdog::Verdict::cancelled) watchdog_.forget_cancel();
        return fail(explain(Error{ErrorKind::unavailable, ""}, verdict).within("reading keys"));
    }
    if (done) return found;
    if (done.error().kind == ErrorKind::unavailable) disconnect();
    return fail(done.error().within("reading keys of " + stream));
}

void FirebirdSource::cancel() { watchdog_.cancel(); }

Result<std::string> FirebirdSource::fetch_text(const std::string& stream, const Slice& slice) {
    const StreamDeclaration* declared = find(stream);
    if (declared == nullptr)
        return fail(
            ErrorKind::misconfigured,
            fmt::format("connector {} has no stream {}", connector_.name, stream)
        );
    auto form = form_of(*declared, slice);
    if (!form) return fail(form.error());
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    return render_fetch(*declared, *form, connection_->catalog, site_);
}

}  // namespace mis::source::firebird
