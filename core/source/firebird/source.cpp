#include "source/firebird/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace mis::source::firebird {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string target_database(const FirebirdSettings& settings) {
    if (settings.host.empty()) return settings.database;
    return fmt::format("{}/{}:{}", settings.host, settings.port, settings.database);
}

AttachTarget target_of(const FirebirdSettings& settings) {
    AttachTarget target;
    target.database = target_database(settings);
    target.user = settings.user;
    target.password = settings.password;
    target.role = settings.role;
    target.dialect = settings.dialect;
    target.connect_seconds_max = settings.connect_seconds_max;
    if (!settings.wire_crypt.empty()) target.config += "WireCrypt=" + settings.wire_crypt + "\n";
    if (!settings.auth.empty()) target.config += "AuthClient=" + settings.auth + "\n";
    return target;
}

std::string literal_list(const std::set<std::string>& words) {
    std::string list;
    for (const std::string& word : words) {
        if (word.find('\'') != std::string::npos) continue;
        list += (list.empty() ? "'" : ", '") + word + "'";
    }
    return list;
}

}  // namespace

FirebirdSource::FirebirdSource(
    Connector connector, FirebirdSettings settings, const Clock& clock, SqlSourceOptions options,
    std::shared_ptr<const Api> api
)
    : connector_(std::move(connector)),
      settings_(std::move(settings)),
      clock_(clock),
      options_(std::move(options)),
      site_(connector_.site_defaults),
      api_(std::move(api)),
      polling_(settings_.duty_cycle_percent),
      backfill_(settings_.backfill_duty_cycle_percent) {
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
    Result<void> learned;
    Watchdog::Verdict verdict;
    {
        const Watchdog::Guard guard(watchdog_, *connection->attachment, statement_deadline());
        learned = learn(*connection);
        verdict = guard.verdict();
    }
    connection_ = std::move(connection);
    if (learned && verdict == Watchdog::Verdict::untouched) return Freshness::made_now;
    disconnect();
    return fail(explain(learned ? Error{ErrorKind::unavailable, ""} : learned.error(), verdict)
                    .within("reading the catalog"));
}

Result<void> FirebirdSource::learn(Connection& connection) {
    auto transaction = Transaction::begin(*connection.attachment, Access::read_only_snapshot);
    if (!transaction) return fail(transaction.error());
    // names of the catalog are in UTF-8's predecessor
    connection.charsets = std::make_unique<Charsets>(
        std::map<int, std::string>{{2, "ASCII"}, {3, "UTF8"}, {4, "UTF8"}}, "NONE"
    );
    auto sets = query(
        connection, *transaction,
        "select rdb$character_set_id, rdb$character_set_name from rdb$character_sets", {}, 1000
    );
    if (!sets) return fail(sets.error());
    auto base =
        query(connection, *transaction, "select rdb$character_set_name from rdb$database", {}, 1);
    if (!base) return fail(base.error());

    std::set<std::string> words;
    for (const StreamDeclaration& stream : connector_.streams) {
        for (std::string& word : identifiers_in(stream.fetch_sql)) words.insert(std::move(word));
        for (std::string& word : identifiers_in(stream.requires_table))
            words.insert(std::move(word));
        for (const std::string& stamp : stream.stamps)
            for (std::string& word : identifiers_in(stamp)) words.insert(std::move(word));
    }
    words.insert("RDB$DATABASE");
    auto fields = query(
        connection, *transaction,
        fmt::format(
            "select rdb$relation_name, rdb$field_name from rdb$relation_fields where "
            "rdb$relation_name in ({})",
            literal_list(words)
        ),
        {}, 100'000
    );
    if (!fields) return fail(fields.error());
    for (const auto& field : *fields)
        connection.catalog.tables[field[0].value_or("")].insert(field[1].value_or(""));

    connection.base_charset_name = base->empty() ? "NONE" : base->front()[0].value_or("NONE");
    std::string for_none =
        settings_.charset.empty() ? connection.base_charset_name : settings_.charset;
    auto text_set = TextDecoder::of(
        connection.base_charset_name == "NONE" ? for_none : connection.base_charset_name
    );
    if (!text_set) return fail(text_set.error());
    connection.base_charset = *std::move(text_set);
    std::map<int, std::string> names;
    for (const auto& row : *sets)
        names[std::atoi(row[0].value_or("0").c_str())] = row[1].value_or("");
    connection.charsets = std::make_unique<Charsets>(std::move(names), std::move(for_none));
    return {};
}

void FirebirdSource::disconnect() {
    if (!connection_) return;
    const auto attachment = std::move(connection_->attachment);  // outlives the guard
    {
        // a server that does not answer must not hold us: the guard aborts what blocks
        const Watchdog::Guard guard(
            watchdog_, *attachment, SteadyClock::now() + Watchdog::kAbortAfter
        );
        connection_->statements.clear();
        attachment->detach();
    }
    connection_.reset();
}

Statement::Encode FirebirdSource::encoder() {
    return [this](std::string_view text, int charset_id) -> Result<std::string> {
        auto decoder = connection_->charsets->decoder(charset_id);
        if (!decoder) return fail(decoder.error());
        return (*decoder)->encode(text);
    };
}

Result<TextRows> FirebirdSource::query(
    Connection& connection, Transaction& transaction, std::string_view sql,
    const std::vector<std::string>& parameters, std::size_t rows_max
) {
    auto statement = Statement::prepare(transaction, sql, settings_.dialect);
    if (!statement) return fail(statement.error());
    std::vector<ColumnDeclaration> columns;
    std::vector<ColumnPlan> plan;
    for (int i = 0; i < (*statement)->column_count(); ++i) {
        auto column = plan_column(
            **statement, i, {fmt::format("c{}", i), ColumnType::text, 2}, *connection.charsets
        );
        if (!column) return fail(column.error());
        plan.push_back(*std::move(column));
    }
    if (auto done = (*statement)->execute(transaction, parameters, encoder()); !done)
        return fail(done.error());
    TextRows found;
    RowBatch batch(plan.size());
    while (found.size() < rows_max) {
        auto more = (*statement)->fetch();
        if (!more) return fail(more.error());
        if (!*more) break;
        batch.clear();
        if (auto row = append_row(**statement, plan, transaction, batch); !row)
            return fail(row.error());
        auto& cells = found.emplace_back();
        for (std::size_t column = 0; column < plan.size(); ++column) {
            const auto cell = batch.cell(0, column);
            cells.push_back(cell ? std::optional(std::string(*cell)) : std::nullopt);
        }
    }
    return found;
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
            rows = transaction ? query(*connection_, *transaction, sql, parameters, 100'000)
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

Result<Prepared*> FirebirdSource::prepared(
    Transaction& transaction, const StreamDeclaration& stream, const SliceForm& form
) {
    const auto key = std::pair(stream.name, form);
    if (const auto found = connection_->statements.find(key);
        found != connection_->statements.end())
        return &found->second;
    auto text = render_fetch(stream, form, connection_->catalog, site_);
    if (!text) return fail(text.error());
    if (text->empty()) return nullptr;
    auto bytes = connection_->base_charset->encode(*text);
    if (!bytes)
        return fail(Error{ErrorKind::misconfigured, bytes.error().text}.within(
            stream.fetch_file.filename().string()
        ));
    auto statement = Statement::prepare(transaction, *bytes, settings_.dialect);
    if (!statement)
        return fail(statement.error().within(
            fmt::format("{} ({})", stream.fetch_file.filename().string(), describe(form))
        ));
    auto plan = plan_columns(**statement, stream.columns, *connection_->charsets);
    if (!plan) return fail(plan.error().within(stream.fetch_file.filename().string()));
    return &connection_->statements.emplace(key, Prepared{*std::move(statement), *std::move(plan)})
                .first->second;
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
            return fail(fresh.error().within("reading " + stream));
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
        if (!stale || attempt > 0) return fail(report.error().within("reading " + stream));
    }
}

Result<ReadReport> FirebirdSource::read_slice(
    const StreamDeclaration& stream, const SliceForm& form, const Slice& slice,
    const std::function<Result<void>(RowBatch&&)>& take, Progress& progress
) {
    ReadReport report;
    Attachment& attachment = *connection_->attachment;
    const auto snapshot_end = SteadyClock::now() + std::chrono::seconds(kSnapshotSecondsMax);
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
            auto transaction = Transaction::begin(attachment, Access::read_only_snapshot);
            if (!transaction) return fail(transaction.error());
            auto found = prepared(*transaction, stream, form);
            if (!found) return fail(found.error());
            if (*found == nullptr) return {};  // this base has no such stamp
            Statement& statement = *(*found)->statement;
            const std::vector<ColumnPlan>& plan = (*found)->plan;
            struct CloseCursor {  // before the transaction ends, whatever happened
                Statement& statement;
                ~CloseCursor() { statement.close(); }
            } const close_cursor{statement};
            if (auto done = statement.execute(*transaction, parameters_of(form, slice), encoder());
                !done)
                return done;

            RowBatch batch(plan.size());
            while (true) {
                auto more = statement.fetch();
                if (!more) return fail(more.error());
                if (*more) {
                    if (auto row = append_row(statement, plan, *transaction, batch); !row)
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
    if (problem || verdict != Watchdog::Verdict::untouched) disconnect();
    if (refusal) return fail(*refusal);
    if (verdict != Watchdog::Verdict::untouched || problem)
        return fail(explain(problem.value_or(Error{ErrorKind::unavailable, ""}), verdict));
    return report;
}

Result<std::string> FirebirdSource::source_now() {
    // CURRENT_TIMESTAMP has another type and precision in each version; 'NOW' is the same in all
    auto rows = ask("select cast('NOW' as timestamp) from rdb$database", {});
    if (!rows) return fail(rows.error().within("asking the source's clock"));
    if (rows->empty() || !rows->front()[0])
        return fail(ErrorKind::malformed, "asking the source's clock: no answer");
    return *rows->front()[0];
}

Result<std::string> FirebirdSource::fingerprint() {
    auto facts = base_facts();
    if (!facts) return fail(facts.error().within("asking for the fingerprint"));
    if (facts->created.empty())
        return fail(
            ErrorKind::malformed,
            "asking for the fingerprint: the server does not say when the base was created"
        );
    return fmt::format("firebird created {} dialect {}", facts->created, facts->dialect);
}

Result<FirebirdSource::BaseFacts> FirebirdSource::base_facts() {
    if (auto alive = ask("select 1 from rdb$database", {}); !alive) return fail(alive.error());
    const char items[] = {isc_info_creation_date, isc_info_db_sql_dialect, isc_info_end};
    char answer[64] = {};
    Status status;
    {
        const Watchdog::Guard guard(watchdog_, *connection_->attachment, statement_deadline());
        api_->database_info(
            status.vector(), connection_->attachment->handle(), sizeof items, items, sizeof answer,
            answer
        );
    }
    if (status.failed()) {
        disconnect();
        return fail(status.error(*api_, "asking what base it is"));
    }
    BaseFacts facts;
    for (std::size_t i = 0;
         i + 3 < sizeof answer && answer[i] != isc_info_end && answer[i] != isc_info_truncated;) {
        const auto length = static_cast<std::size_t>(static_cast<unsigned char>(answer[i + 1]));
        if (answer[i] == isc_info_creation_date && length == sizeof(ISC_TIMESTAMP)) {
            ISC_TIMESTAMP time;
            std::memcpy(&time, answer + i + 3, sizeof time);
            append_date(facts.created, time.timestamp_date);
            facts.created.push_back(' ');
            append_time(facts.created, time.timestamp_time);
        }
        if (answer[i] == isc_info_db_sql_dialect) facts.dialect = answer[i + 3];
        i += 3 + length;
    }
    return facts;
}

void FirebirdSource::cancel() { watchdog_.cancel(); }

Result<std::map<std::string, std::string>> FirebirdSource::streams_off() {
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    std::map<std::string, std::string> off;
    for (const StreamDeclaration& stream : connector_.streams)
        if (auto why = why_off(stream)) off[stream.name] = *why;
    return off;
}

Result<Catalog> FirebirdSource::discover() {
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    auto transaction = Transaction::begin(*connection_->attachment, Access::read_only_snapshot);
    if (!transaction) return fail(transaction.error().within("reading the catalog"));
    auto fields = query(
        *connection_, *transaction,
        "select rdb$relation_name, rdb$field_name from rdb$relation_fields where "
        "coalesce(rdb$system_flag, 0) = 0 "
        "and rdb$relation_name not starting with 'RDB$' and rdb$relation_name not starting with "
        "'MON$'",
        {}, 1'000'000
    );
    if (!fields) return fail(fields.error().within("reading the catalog"));
    Catalog all;
    for (const auto& field : *fields)
        all.tables[field[0].value_or("")].insert(field[1].value_or(""));
    return all;
}

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
