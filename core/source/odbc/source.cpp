#include "source/odbc/source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/timestamp.hpp"

namespace mis::source::odbc {
namespace {

using System = config::OdbcConfig::System;

// The system's clock as "YYYY-MM-DD HH:MM:SS.fff", local.
std::string_view now_text(System system) {
    switch (system) {
        case System::postgresql:
            return "select cast(localtimestamp as varchar(23))";
        case System::mariadb:
            return "select cast(now(3) as char)";
        case System::sql_server:
            break;
    }
    return "select convert(varchar(23), getdate(), 121)";
}

// "0x00000000000007D1": what open transactions have written has this row version or a higher one.
constexpr std::string_view kTokenBound = "convert(varchar(18), min_active_rowversion(), 1)";

// SQL Server reads a time in the session's order of day and month, except with the T, and a
// `datetime` takes no more than three digits of a second.
std::string server_time(System system, const std::string& local) {
    if (system != System::sql_server || local.size() < 19) return local;
    std::string made = local.substr(0, std::min<std::size_t>(local.size(), 23));
    made[10] = 'T';
    return made;
}

}  // namespace

Result<std::unique_ptr<Source>> open(
    const Connector& connector, const OdbcSettings& settings, const Clock& clock,
    SourceOptions options
) {
    const std::string_view spoken = dialect_of(settings.base.system).name;
    for (const StreamDeclaration& stream : connector.streams)
        // what is written for SQL Server keeps to what PostgreSQL reads too, or has a twin
        if (connector.dialect != spoken && !stream.fetch_twins.contains(std::string(spoken)) &&
            !(connector.dialect == kSqlServer.name && spoken == kPostgresql.name))
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "connector {} is written for {}, this base speaks {}: name a connector for it, "
                    "or write {}.fetch.{}.sql",
                    connector.name, connector.dialect, spoken, stream.name, spoken
                )
            );
    auto api = Api::load();
    if (!api) return fail(api.error());
    return std::make_unique<OdbcSource>(
        connector, settings, clock, std::move(options), *std::move(api)
    );
}

Opener opener(OdbcSettings settings) {
    return [settings = std::move(settings)](
               const Connector& connector, const SourceOptions& options, const Clock& clock
           ) { return open(connector, settings, clock, options); };
}

OdbcSource::OdbcSource(
    Connector connector, OdbcSettings settings, const Clock& clock, SourceOptions options,
    std::shared_ptr<const Api> api
)
    : connector_(std::move(connector)),
      settings_(std::move(settings)),
      dialect_(dialect_of(settings_.base.system)),
      clock_(clock),
      options_(std::move(options)),
      site_(connector_.site_defaults),
      api_(std::move(api)),
      polling_(settings_.effort.polling_percent),
      backfill_(settings_.effort.backfill_percent) {
    for (const auto& [key, value] : options_.site) site_[key] = value;
    for (const StreamDeclaration& stream : connector_.streams) {
        for (const ColumnDeclaration& column : stream.columns)
            column_names_[stream.name].push_back(column.name);
        const bool is_sql_server = settings_.base.system == System::sql_server;
        asks_tokens_ |= is_sql_server && !stream.tokens.empty();
        asks_tracking_ |= is_sql_server && !stream.tracked.empty();
    }
}

OdbcSource::~OdbcSource() { disconnect(); }

const std::vector<std::string>& OdbcSource::columns(const std::string& stream) const {
    const auto found = column_names_.find(stream);
    MIS_ASSERT(found != column_names_.end());
    return found->second;
}

const StreamDeclaration* OdbcSource::find(const std::string& stream) const {
    for (const StreamDeclaration& declared : connector_.streams)
        if (declared.name == stream) return &declared;
    return nullptr;
}

std::optional<std::string> OdbcSource::why_off(const StreamDeclaration& stream) const {
    if (!stream.optional || stream.requires_table.empty() ||
        catalog_.has_table(stream.requires_table))
        return std::nullopt;
    return fmt::format("this base has no table {}", stream.requires_table);
}

SteadyClock::time_point OdbcSource::deadline(int seconds_max) const {
    return SteadyClock::now() +
           std::chrono::seconds(std::min(seconds_max, settings_.base.statement_seconds_max));
}

Error OdbcSource::explain(Error error, Watchdog::Verdict verdict) const {
    if (verdict == Watchdog::Verdict::cancelled) return Error{ErrorKind::cancelled, "cancelled"};
    const bool too_long =
        verdict == Watchdog::Verdict::too_long || error.kind == ErrorKind::cancelled;
    if (too_long)
        return Error{
            ErrorKind::unavailable,
            fmt::format(
                "the server took longer than {} s (statement_seconds_max; a snapshot lives at most "
                "{} s): the slice must be smaller",
                settings_.base.statement_seconds_max, kSnapshotSecondsMax
            )};
    return error;
}

Result<OdbcSource::Freshness> OdbcSource::connect() {
    if (connection_) return Freshness::kept;
    auto made = Connection::open(api_, settings_);
    if (!made) return fail(made.error());
    Result<Connection::Known> learned;
    Watchdog::Verdict verdict;
    {
        const Watchdog::Guard guard(watchdog_, **made, deadline());
        learned = (*made)->catalog_of(connector_);
        verdict = guard.verdict();
    }
    if (!learned || verdict != Watchdog::Verdict::untouched)
        return fail(explain(learned ? Error{ErrorKind::unavailable, ""} : learned.error(), verdict)
                        .within("reading the catalog"));
    connection_ = std::move(*made);
    catalog_ = std::move(learned->columns);
    versions_ = std::move(learned->versions);
    Result<void> keys;
    {
        const Watchdog::Guard guard(watchdog_, *connection_, deadline());
        keys = learn_tracked_keys();
        verdict = guard.verdict();
    }
    if (!keys || verdict != Watchdog::Verdict::untouched) {
        disconnect();
        return fail(explain(keys ? Error{ErrorKind::unavailable, ""} : keys.error(), verdict)
                        .within("reading the catalog's keys"));
    }
    return Freshness::made_now;
}

void OdbcSource::disconnect() {
    if (!connection_) return;
    snapshot_.reset();
    // a server that does not answer must not hold us: the guard cuts what blocks
    const Watchdog::Guard guard(
        watchdog_, *connection_, SteadyClock::now() + Watchdog::kAbortAfter
    );
    connection_.reset();
}

Result<TextRows> OdbcSource::ask(const std::string& sql, std::size_t rows_max) {
    for (int attempt = 0;; ++attempt) {
        auto fresh = connect();
        if (!fresh) return fail(fresh.error());
        Result<TextRows> rows;
        Watchdog::Verdict verdict;
        {
            const Watchdog::Guard guard(watchdog_, *connection_, deadline(kAskSecondsMax));
            rows = connection_->query(sql, rows_max);
            // a refused statement leaves a PostgreSQL transaction broken
            if (!rows && !snapshot_) connection_->end();
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

Result<std::string> OdbcSource::stamp_name(const StreamDeclaration& stream, std::size_t index)
    const {
    const std::string& stamp = stream.stamps.at(index);
    if (!stream.tokens.contains(index)) return render_column(stamp, catalog_, site_);
    if (!asks_tokens_) return std::string();
    return render_column(stamp, versions_, site_);
}

Result<std::string> OdbcSource::text_of(
    const StreamDeclaration& stream, const SliceForm& form, int limit
) {
    StreamDeclaration spoken = stream;
    if (const auto twin = stream.fetch_twins.find(std::string(dialect_.name));
        twin != stream.fetch_twins.end() && connector_.dialect != dialect_.name)
        spoken.fetch_sql = twin->second;
    if (form.kind == SliceForm::Kind::stamp) {
        auto name = stamp_name(stream, form.stamp_index);
        if (!name || name->empty()) return name;
        spoken.stamps[form.stamp_index] = std::move(*name);
    }
    return render_fetch(spoken, form, catalog_, site_, dialect_, limit);
}

std::vector<std::string> OdbcSource::parameters(const SliceForm& form, const Slice& slice) const {
    std::vector<std::string> all = parameters_of(form, slice);
    switch (form.kind) {
        case SliceForm::Kind::key_walk:
        case SliceForm::Kind::key_walk_start:
            all.pop_back();  // the limit stands in the text
            break;
        case SliceForm::Kind::stamp:
        case SliceForm::Kind::window:
            for (std::string& value : all)
                if (!value.starts_with("0x")) value = server_time(settings_.base.system, value);
            break;
        default:
            break;
    }
    return all;
}

void OdbcSource::begin_pass() {
    in_pass_ = true;
    snapshots_ = 0;
}

int OdbcSource::end_pass() {
    release_snapshot();
    in_pass_ = false;
    if (std::exchange(learn_again_, false)) disconnect();
    return std::max(snapshots_, 1);
}

void OdbcSource::release_snapshot() {
    if (!snapshot_) return;
    const Watchdog::Guard guard(
        watchdog_, *connection_, SteadyClock::now() + Watchdog::kAbortAfter
    );
    connection_->end();
    snapshot_.reset();
}

Result<void> OdbcSource::take_snapshot() {
    if (snapshot_ && SteadyClock::now() < snapshot_->renew_at) return {};
    release_snapshot();
    const std::int64_t before_us = clock_.unix_us();
    // What is committed after the snapshot has a token of after this question.
    std::string question(now_text(settings_.base.system));
    if (asks_tokens_) question += fmt::format(", {}", kTokenBound);
    if (asks_tracking_) question += ", change_tracking_current_version()";
    auto now = ask(question);
    if (!now) return fail(now.error().within("asking the source's clock"));
    if (now->empty() || !now->front()[0])
        return fail(ErrorKind::malformed, "asking the source's clock: no answer");
    note_clock(*now->front()[0], before_us);
    const auto began = SteadyClock::now();
    const int spared = std::min(settings_.base.statement_seconds_max, kSnapshotSecondsMax / 2);
    if (connection_->gives_snapshots()) {
        Result<void> begun;
        {
            const Watchdog::Guard guard(watchdog_, *connection_, deadline());
            begun = connection_->begin();
            // the state is that of the first statement that reads
            if (begun && settings_.base.system != System::sql_server) {
                if (auto touched = connection_->query("select 1", 1); !touched)
                    begun = fail(touched.error());
            }
        }
        if (!begun) {
            disconnect();
            return fail(begun.error().within("beginning a snapshot"));
        }
        ++snapshots_;
    }
    snapshot_ = Snapshot{
        *now->front()[0], asks_tokens_ ? now->front()[1] : std::nullopt,
        asks_tracking_ ? now->front().back() : std::nullopt,
        began + std::chrono::seconds(kSnapshotSecondsMax - spared),
        began + std::chrono::seconds(kSnapshotSecondsMax)};
    return {};
}

Result<std::string> OdbcSource::source_now() {
    if (in_pass_) {
        if (auto fresh = connect(); !fresh) return fail(fresh.error());
        if (auto taken = take_snapshot(); !taken) return fail(taken.error());
        return snapshot_->now;
    }
    const std::int64_t before_us = clock_.unix_us();
    auto rows = ask(std::string(now_text(settings_.base.system)));
    if (!rows) return fail(rows.error().within("asking the source's clock"));
    if (rows->empty() || !rows->front()[0])
        return fail(ErrorKind::malformed, "asking the source's clock: no answer");
    note_clock(*rows->front()[0], before_us);
    return *rows->front()[0];
}

void OdbcSource::note_clock(const std::string& now, std::int64_t before_us) {
    const std::int64_t ours_us = before_us + (clock_.unix_us() - before_us) / 2;
    if (options_.zone)
        if (const auto local = LocalTime::parse(now))
            clock_skew_seconds_ =
                static_cast<double>(options_.zone->resolve(*local).time.unix_us - ours_us) / 1e6;
}

Result<std::optional<std::string>> OdbcSource::token_bound(
    const std::string& stream, std::size_t stamp_index
) {
    const StreamDeclaration* declared = find(stream);
    MIS_ASSERT(declared != nullptr);
    if (!asks_tokens_ || !declared->tokens.contains(stamp_index))
        return std::optional<std::string>();
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    const auto name = stamp_name(*declared, stamp_index);
    if (!name) return fail(name.error());
    if (name->empty()) return std::optional<std::string>();
    if (in_pass_) {
        if (auto taken = take_snapshot(); !taken) return fail(taken.error());
        return snapshot_->token_bound;
    }
    const auto rows = ask(fmt::format("select {}", kTokenBound), 1);
    if (!rows) return fail(rows.error().within("asking for the lowest row version in use"));
    return rows->empty() ? std::optional<std::string>() : rows->front()[0];
}

// SQL Server tells it only to logins with VIEW SERVER STATE; the others start wide and narrow.
std::optional<std::string> OdbcSource::oldest_open_transaction() {
    if (settings_.base.system != System::sql_server) return std::nullopt;
    const auto oldest =
        ask("select convert(varchar(23), coalesce(min(t.transaction_begin_time), getdate()), 121) "
            "from sys.dm_tran_active_transactions t join sys.dm_tran_session_transactions s "
            "on s.transaction_id = t.transaction_id where t.transaction_type = 1 and "
            "s.session_id <> @@spid",
            1);
    if (!oldest || oldest->empty()) return std::nullopt;
    return oldest->front()[0];
}

void OdbcSource::pause_for_duty(DutyCycle& duty) {
    const auto pause = duty.pause(clock_.steady());
    if (pause.count() <= 0) return;
    if (options_.sleep)
        options_.sleep(pause);
    else
        watchdog_.wait_unless_cancelled(pause);
    duty.pause(clock_.steady());
}

Result<ReadReport> OdbcSource::read(
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
    pause_for_duty(duty);
    for (int attempt = 0;; ++attempt) {
        if (watchdog_.cancel_asked()) {
            watchdog_.forget_cancel();
            return fail(ErrorKind::cancelled, fmt::format("reading {}: cancelled", stream));
        }
        auto fresh = connect();
        if (!fresh) {
            if (fresh.error().kind == ErrorKind::cancelled) watchdog_.forget_cancel();
            cut_off_ = cut_off_ || fresh.error().kind == ErrorKind::unavailable;
            return fail(fresh.error().within("reading " + stream));
        }
        if (in_pass_ && slice.snapshot == Slice::Snapshot::of_pass) {
            if (auto taken = take_snapshot(); !taken) {
                cut_off_ = cut_off_ || taken.error().kind == ErrorKind::unavailable;
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
        const bool died = report.error().kind == ErrorKind::unavailable && !connection_ &&
                          progress.verdict == Watchdog::Verdict::untouched;
        // a kept connection may have died since the last read: one more try, if nothing was
        // handed over
        if (died && *fresh == Freshness::kept && !progress.took && attempt == 0) continue;
        cut_off_ = cut_off_ || died;
        return fail(report.error().within("reading " + stream));
    }
}

Result<ReadReport> OdbcSource::read_slice(
    const StreamDeclaration& stream, const SliceForm& form, const Slice& slice,
    const std::function<Result<void>(RowBatch&&)>& take, Progress& progress
) {
    const auto text = text_of(stream, form, slice.limit);
    if (!text) return fail(text.error());
    ReadReport report;
    if (text->empty()) return report;  // this base has no such stamp
    const bool of_pass = snapshot_.has_value();
    const auto end =
        of_pass ? snapshot_->end : SteadyClock::now() + std::chrono::seconds(kSnapshotSecondsMax);
    const auto allowance = std::chrono::duration_cast<SteadyClock::duration>(
        std::chrono::seconds(settings_.base.statement_seconds_max)
    );
    std::optional<Error> problem, refusal;  // of the server; of `take`
    SteadyClock::duration worked{0};
    const auto guarded = [&](const auto& work) {
        const auto begin = SteadyClock::now();
        const Watchdog::Guard guard(
            watchdog_, *connection_, std::min(begin + allowance - worked, end)
        );
        auto done = work();
        worked += SteadyClock::now() - begin;
        if (progress.verdict == Watchdog::Verdict::untouched) progress.verdict = guard.verdict();
        if (!done) problem = done.error();
        return done.has_value() && progress.verdict == Watchdog::Verdict::untouched;
    };
    Statement* statement = nullptr;
    const bool started = guarded([&]() -> Result<void> {
        auto found = connection_->statement(*text);
        if (!found) return fail(found.error().within(stream.fetch_file.filename().string()));
        statement = *found;
        const Running running(*connection_, *statement);
        if (auto done = statement->execute(parameters(form, slice)); !done)
            return fail(done.error().within(
                fmt::format("{} ({})", stream.fetch_file.filename().string(), describe(form))
            ));
        if (auto bound = statement->read_as(stream.columns); !bound)
            return fail(bound.error().within(stream.fetch_file.filename().string()));
        return {};
    });
    bool more = started;
    while (more) {
        RowBatch batch(stream.columns.size());
        const bool good = guarded([&]() -> Result<void> {
            const Running running(*connection_, *statement);
            while (batch.rows() < kBatchRowsMax / 2 && batch.bytes() < kBatchBytesMax / 2) {
                const auto got = statement->fetch(batch);
                if (!got) return fail(got.error());
                more = *got;
                if (!more) break;
            }
            return {};
        });
        if (!good) break;
        if (batch.rows() == 0) continue;
        report.rows += static_cast<std::int64_t>(batch.rows());
        progress.took = true;
        if (auto taken = take(std::move(batch)); !taken) {
            refusal = taken.error();
            break;
        }
    }
    if (statement != nullptr)
        guarded([&]() -> Result<void> {
            statement->close();
            return {};
        });
    report.source_us = std::chrono::duration_cast<std::chrono::microseconds>(worked).count();
    const bool unsound = progress.verdict != Watchdog::Verdict::untouched ||
                         (problem && problem->kind == ErrorKind::unavailable);
    if (unsound || (problem && !of_pass)) {
        disconnect();
    } else if (problem) {  // the others go on, in a state of their own
        release_snapshot();
        learn_again_ = true;
    }
    if (refusal) return fail(*refusal);
    if (progress.verdict != Watchdog::Verdict::untouched || problem)
        return fail(explain(problem.value_or(Error{ErrorKind::unavailable, ""}), progress.verdict));
    return report;
}

Result<std::vector<std::string>> OdbcSource::keys(
    const std::string& stream, const Slice& slice, std::size_t most
) {
    const StreamDeclaration* declared = find(stream);
    MIS_ASSERT(declared != nullptr);
    Slice asked = slice;
    declared = noted_in(*declared, asked);
    if (declared == nullptr) return std::vector<std::string>();
    // The fetch with its key alone: what else it computes is not asked for.
    StreamDeclaration keys_only = *declared;
    std::erase_if(keys_only.columns, [&](const ColumnDeclaration& column) {
        return column.name != declared->key_column;
    });
    const auto form = form_of(*declared, asked);
    if (!form) return fail(form.error());
    if (const auto fresh = connect(); !fresh) return fail(fresh.error());
    if (slice.by == Slice::By::deletes) {
        const auto key = render_column(declared->key, catalog_, site_);
        if (!key) return fail(key.error());
        if (key->empty()) return std::vector<std::string>();  // this base notes none
    }
    const auto whole = text_of(*declared, *form, asked.limit);
    if (!whole) return fail(whole.error());
    if (whole->empty()) return std::vector<std::string>();
    // SQL Server takes no order inside a derived table but behind a top, which is there
    const std::string sql = fmt::format(
        "select q.{0} from (\n{1}\n) q", catalog_.written(declared->key_column), *whole
    );
    auto found =
        keys_of(sql, parameters(*form, asked), keys_only.columns, most + 1, Reuse::statement);
    if (!found) return fail(found.error().within("reading keys of " + stream));
    if (found->size() > most)
        return fail(
            ErrorKind::malformed, fmt::format("reading keys of {}: more than {} rows", stream, most)
        );
    return found;
}

Result<std::vector<std::string>> OdbcSource::keys_of(
    const std::string& sql, const std::vector<std::string>& values,
    const std::vector<ColumnDeclaration>& column, std::size_t most, Reuse reuse
) {
    std::vector<std::string> found;
    Result<void> done;
    Watchdog::Verdict verdict;
    {
        const Watchdog::Guard guard(watchdog_, *connection_, deadline());
        done = [&]() -> Result<void> {
            std::unique_ptr<Statement> own;
            Statement* statement = nullptr;
            if (reuse == Reuse::never) {
                auto made = connection_->statement_once(sql);
                if (!made) return fail(made.error());
                own = *std::move(made);
                statement = own.get();
            } else {
                const auto kept = connection_->statement(sql);
                if (!kept) return fail(kept.error());
                statement = *kept;
            }
            const Running running(*connection_, *statement);
            if (auto ran = statement->execute(values); !ran) return ran;
            if (auto bound = statement->read_as(column); !bound) return bound;
            RowBatch batch(1);
            while (found.size() < most) {
                batch.clear();
                const auto more = statement->fetch(batch);
                if (!more) return fail(more.error());
                if (!*more) break;
                for (std::size_t row = 0; row < batch.rows() && found.size() < most; ++row)
                    found.emplace_back(batch.cell(row, 0).value_or(""));
            }
            statement->close();
            return {};
        }();
        verdict = guard.verdict();
    }
    if (done && verdict == Watchdog::Verdict::untouched) return found;
    disconnect();
    if (verdict == Watchdog::Verdict::cancelled) watchdog_.forget_cancel();
    return fail(explain(done ? Error{ErrorKind::unavailable, ""} : done.error(), verdict));
}

Result<std::string> OdbcSource::fetch_text(const std::string& stream, const Slice& slice) {
    const StreamDeclaration* declared = find(stream);
    if (declared == nullptr)
        return fail(
            ErrorKind::misconfigured,
            fmt::format("connector {} has no stream {}", connector_.name, stream)
        );
    auto form = form_of(*declared, slice);
    if (!form) return fail(form.error());
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    return text_of(*declared, *form, slice.limit);
}

Result<std::map<std::string, std::string>> OdbcSource::streams_off() {
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    std::map<std::string, std::string> off;
    for (const StreamDeclaration& stream : connector_.streams)
        if (auto why = why_off(stream)) off[stream.name] = *why;
    return off;
}

std::string OdbcSource::written(const std::string& name) const { return catalog_.written(name); }

Result<std::string> OdbcSource::fingerprint() {
    std::string sql;
    switch (settings_.base.system) {
        case System::postgresql:
            sql =
                "select cast(oid as varchar(20)), datname from pg_database where datname = "
                "current_database()";
            break;
        case System::mariadb:
            sql =
                "select cast(min(create_time) as char), database() from "
                "information_schema.tables where table_schema = database()";
            break;
        case System::sql_server:
            sql =
                "select convert(varchar(23), create_date, 121), name from sys.databases where "
                "name = db_name()";
            break;
    }
    const auto facts = ask(sql, 1);
    if (!facts) return fail(facts.error().within("asking for the fingerprint"));
    if (facts->empty() || !facts->front()[0])
        return fail(
            ErrorKind::malformed,
            "asking for the fingerprint: the server does not say which base this is"
        );
    return fmt::format(
        "{} {} of {}", dialect_.name, facts->front()[1].value_or(""), *facts->front()[0]
    );
}

}  // namespace mis::source::odbc
