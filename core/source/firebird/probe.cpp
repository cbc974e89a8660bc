// probe(): what `check` tells the operator about a base: streams, plans, counts, clock, rights.
// Each question costs the server a few seconds at most: counts are bounded, and what takes longer
// stays unsaid.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "source/firebird/column_types.hpp"
#include "source/firebird/plan_judge.hpp"
#include "source/firebird/source.hpp"
#include "source/sql_words.hpp"

namespace mis::source::firebird {
namespace {

constexpr int kProbePageRows = 100;
constexpr int kRowsTried = 8;  // of a page of which some row cannot be read

std::string day_of(const std::string& local, int plus_days) {
    const auto time = LocalTime::parse(local);
    return time ? time->date.plus_days(plus_days).to_string() + " 00:00:00" : local;
}

void compare_columns(const Prepared& prepared, StreamProbe& about) {
    about.column_remarks.clear();
    about.columns_without_charset.clear();
    for (const ColumnPlan& column : prepared.plan) {
        const XSQLVAR& variable = prepared.statement->column(column.index);
        if (std::string remark = type_remark(column.declared, variable); !remark.empty())
            about.column_remarks.push_back(std::move(remark));
        if (lacks_charset(column, variable))
            about.columns_without_charset.push_back(column.declared.name);
    }
}

Slice sample_slice(const SliceForm& form, const std::string& from, const std::string& to) {
    Slice slice;
    slice.from = from;
    slice.to = to;
    slice.stamp_index = form.stamp_index;
    return slice;
}

}  // namespace

Result<PlanProbe> FirebirdSource::probe_plan(
    const StreamDeclaration& stream, const SliceForm& form, StreamProbe& about
) {
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    PlanProbe probe;
    probe.form = describe(form);
    std::optional<Error> problem;
    bool empty = false;
    {
        const Watchdog::Guard guard(watchdog_, *connection_->attachment, statement_deadline());
        auto transaction = Transaction::begin(*connection_->attachment, Access::read_only_snapshot);
        if (transaction) {
            auto found = connection_->prepared(*transaction, stream, form, site_);
            if (!found)
                problem = found.error();
            else if (*found == nullptr)
                empty = true;
            else {
                probe.plan = (*found)->statement->plan();
                if (form.kind == SliceForm::Kind::key_walk) compare_columns(**found, about);
            }
        } else {
            problem = transaction.error();
        }
    }
    if (problem) {
        disconnect();
        return fail(*problem);
    }
    if (empty) {
        probe.remedy = "this base has no such column: its changes are found by the other rungs";
        return probe;
    }
    std::string column = stream.key;
    if (form.kind == SliceForm::Kind::stamp) column = stream.stamps[form.stamp_index];
    if (form.kind == SliceForm::Kind::window) column = stream.window->column;
    PlanSubject subject{form, column, "", connection_->procedures, connection_->procedures};
    if (auto text = render_fetch(stream, form, connection_->catalog, site_))
        subject.sql = *std::move(text);
    for (const auto& [table, columns] : connection_->catalog.tables) subject.tables.insert(table);
    judge_plan(subject, probe);
    return probe;
}

Result<void> FirebirdSource::try_out(const StreamDeclaration& stream) {
    std::vector<SliceForm> forms = {{SliceForm::Kind::key_walk_start, 0, 0}};
    for (const std::size_t count : kIdCounts) forms.push_back({SliceForm::Kind::ids, 0, count});
    std::optional<Error> problem;
    Watchdog::Verdict verdict;
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    {
        const Watchdog::Guard guard(
            watchdog_, *connection_->attachment, statement_deadline(kAskSecondsMax)
        );
        const auto run = [&]() -> Result<void> {
            auto transaction =
                Transaction::begin(*connection_->attachment, Access::read_only_snapshot);
            if (!transaction) return fail(transaction.error());
            Prepared* first = nullptr;
            for (const SliceForm& form : forms) {
                auto found = connection_->prepared(*transaction, stream, form, site_);
                if (!found) return fail(found.error());
                if (first == nullptr) first = *found;
            }
            if (first == nullptr) return {};
            Slice page;
            page.by = Slice::By::key_walk;
            page.limit = kProbePageRows;
            Statement& statement = *first->statement;
            auto done = statement.execute(
                *transaction, parameters_of(forms.front(), page), connection_->encoder()
            );
            RowBatch rows(first->plan.size());
            for (auto more = Result<bool>(true); done && *more;) {
                more = statement.fetch();
                if (!more)
                    done = fail(more.error());
                else if (*more)
                    done = append_row(statement, first->plan, *transaction, rows);
                if (!more) break;
            }
            statement.close();
            if (!done)
                return fail(done.error().within(
                    fmt::format("{} (key walk)", stream.fetch_file.filename().string())
                ));
            return {};
        };
        if (auto done = run(); !done) problem = done.error();
        verdict = guard.verdict();
    }
    if (!problem && verdict == Watchdog::Verdict::untouched) return {};
    disconnect();
    if (verdict == Watchdog::Verdict::cancelled) watchdog_.forget_cancel();
    return fail(explain(problem.value_or(Error{ErrorKind::unavailable, ""}), verdict));
}

Result<std::optional<std::vector<std::string>>> FirebirdSource::values_of(
    const std::string& stream, const std::string& column
) {
    const StreamDeclaration* declared = find(stream);
    MIS_ASSERT(declared != nullptr);
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    if (why_off(*declared)) return std::vector<std::string>();
    const auto text =
        render_fetch(*declared, {SliceForm::Kind::all, 0, 0}, connection_->catalog, site_);
    if (!text) return fail(text.error());
    // the name in the select list: as it is declared, or as an unquoted one comes
    std::optional<TextRows> rows;
    for (const std::string& name : {to_upper(column), column}) {
        auto found =
            ask(fmt::format(
                    "select distinct x.{0} from (\n{1}\n) x where x.{0} is not null rows {2}",
                    written_name(name), *text, kProbeValuesMax + 1
                ),
                {});
        if (found) {
            rows = *std::move(found);
            break;
        }
        if (found.error().kind == ErrorKind::unavailable) return std::nullopt;
    }
    if (!rows || rows->size() > kProbeValuesMax) return std::nullopt;
    std::vector<std::string> values;
    for (const auto& row : *rows) values.push_back(row[0].value_or(""));
    return values;
}

// The question that a poll asks, of no time at all.
Result<void> FirebirdSource::probe_deletes(const StreamDeclaration& stream, StreamProbe& probe) {
    if (!stream.deletes) return {};
    const auto key = render_column(stream.deletes->key, connection_->catalog, site_);
    if (!key || key->empty()) {
        if (!key) probe.reason = key.error().text;
        return {};
    }
    const auto text =
        render_fetch(*stream.deletes, {SliceForm::Kind::all, 0, 0}, connection_->catalog, site_);
    if (text)
        for (const std::string& word : identifiers_in(*text))
            if (connection_->catalog.has_table(word)) probe.tables.push_back(word);
    Slice none;
    none.by = Slice::By::deletes;
    none.from = none.to = "2000-01-01 00:00:00";
    if (const auto read = keys(stream.name, none, 1); !read) {
        if (read.error().kind == ErrorKind::unavailable ||
            read.error().kind == ErrorKind::cancelled)
            return fail(read.error());
        probe.reason = read.error().text;
        return {};
    }
    probe.told = "deletions are noted";
    return {};
}

Result<StreamProbe> FirebirdSource::probe_stream(
    const StreamDeclaration& stream, const std::string& source_now
) {
    StreamProbe probe;
    probe.name = stream.name;
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    if (const auto off = why_off(stream)) {
        probe.reason = *off;
        return probe;
    }
    probe.placeholders = placeholders_of(stream, connection_->catalog, site_);
    const SliceForm all{SliceForm::Kind::all, 0, 0};
    auto text = render_fetch(stream, all, connection_->catalog, site_);
    if (!text) {
        probe.reason = text.error().text;
        return probe;
    }
    for (const std::string& word : identifiers_in(*text)) {
        if (!word.starts_with("RDB$") && connection_->catalog.has_table(word))
            probe.tables.push_back(word);
        if (connection_->procedures.contains(word)) probe.procedures.push_back(word);
        if (connection_->functions.contains(word)) probe.functions.push_back(word);
        if (connection_->packages.contains(word)) probe.packages.push_back(word);
    }

    std::vector<SliceForm> forms;
    for (std::size_t i = 0; i < stream.stamps.size(); ++i)
        forms.push_back({SliceForm::Kind::stamp, i, 0});
    if (stream.window) forms.push_back({SliceForm::Kind::window, 0, 0});
    forms.push_back({SliceForm::Kind::key_walk, 0, 0});
    forms.push_back({SliceForm::Kind::ids, 0, kIdCounts[0]});
    for (const SliceForm& form : forms) {
        auto plan = probe_plan(stream, form, probe);
        if (!plan) {
            if (plan.error().kind == ErrorKind::unavailable ||
                plan.error().kind == ErrorKind::cancelled)
                return fail(plan.error());
            probe.reason = plan.error().text;
            return probe;
        }
        probe.plans.push_back(*std::move(plan));
    }
    // The very texts that a pass prepares, and the first page of them run: a procedure that writes
    // or a value that cannot be compared shows in no plan.
    const auto of_rows = [](const Error& error) {
        return "not every row can be read: " + error.text +
               ": the rows concerned go to quarantine; compare like with like in the fetch";
    };
    if (auto good = try_out(stream); !good) {
        if (good.error().kind == ErrorKind::cancelled) return fail(good.error());
        // some row's, where another can be read: a pass finds which
        const auto reads_another = [&] {
            for (int row = 1; row <= kRowsTried; ++row)
                if (const auto one =
                        ask(fmt::format("select * from (\n{}\nrows {} to {}) x", *text, row, row),
                            {});
                    one && !one->empty())
                    return true;
            return false;
        };
        if (good.error().kind == ErrorKind::malformed && reads_another()) {
            probe.remarks.push_back(of_rows(good.error()));
        } else if (good.error().kind != ErrorKind::unavailable) {
            probe.reason = good.error().text;
            return probe;
        }
    }
    if (auto noted = probe_deletes(stream, probe); !noted) return fail(noted.error());
    if (!probe.reason.empty()) return probe;
    probe.on = true;

    if (auto count =
            ask(fmt::format("select count(*) from (\n{}\nrows {}) x", *text, kProbeRowsMax), {});
        count && !count->empty())
        probe.rows = std::atoll(count->front()[0].value_or("0").c_str());
    else if (!count && count.error().kind == ErrorKind::malformed && probe.remarks.empty())
        probe.remarks.push_back(of_rows(count.error()));
    for (std::size_t i = 0; i < stream.stamps.size(); ++i) {
        StampProbe stamp{stream.stamps[i], std::nullopt};
        const SliceForm form{SliceForm::Kind::stamp, i, 0};
        if (auto fresh = connect(); !fresh) return fail(fresh.error());
        auto slice_text = render_fetch(stream, form, connection_->catalog, site_);
        StreamDeclaration name_only = stream;
        name_only.fetch_sql = "{slice}";
        auto condition = render_fetch(name_only, form, connection_->catalog, site_);
        if (slice_text && condition && !slice_text->empty()) {
            const std::string name =
                condition->substr(1, condition->find(" >= ?") - 1);  // "(S.MODIFYDATE >= ? and …"
            const auto newest = with_select_list(*slice_text, fmt::format("max({})", name));
            // ranges of an ascending index: the newest of all would be a scan
            for (const int days : {1, 30, 400}) {
                if (!newest || stamp.newest) break;
                const Slice slice =
                    sample_slice(form, day_of(source_now, -days), day_of(source_now, 2));
                auto found = ask(*newest, parameters_of(form, slice));
                if (!found) break;
                if (!found->empty()) stamp.newest = found->front()[0];
            }
        }
        probe.stamps.push_back(std::move(stamp));
    }
    return probe;
}

Result<ProbeReport> FirebirdSource::probe() {
    ProbeReport report;
    auto now = source_now();
    if (!now) return fail(now.error());
    report.source_now = *now;
    report.clock_skew_seconds = clock_skew_seconds_;

    auto version = ask("select rdb$get_context('SYSTEM', 'ENGINE_VERSION') from rdb$database", {});
    if (!version) return fail(version.error());
    report.server = fmt::format(
        "Firebird {}, default set {}, dialect {}",
        version->front()[0].value_or("of unknown version"), connection_->sets.of_base,
        settings_.dialect
    );
    auto facts = base_facts();
    if (!facts) return fail(facts.error());
    if (facts->dialect != 0 && facts->dialect != settings_.dialect)
        report.setting_remarks.push_back(
            {"dialect",
             fmt::format(
                 "the base has dialect {0}, the configuration says {1}: write dialect: {0}",
                 facts->dialect, settings_.dialect
             ),
             true}
        );
    for (const StreamDeclaration& stream : connector_.streams) {
        auto probed = probe_stream(stream, report.source_now);
        if (!probed) return fail(probed.error().within("probing " + stream.name));
        report.streams.push_back(*std::move(probed));
    }
    std::string without_charset;
    for (const StreamProbe& stream : report.streams)
        for (const std::string& column : stream.columns_without_charset)
            without_charset += " " + stream.name + "." + column;
    if (!without_charset.empty())
        report.setting_remarks.push_back(
            {"charset",
             "these columns have no character set (NONE), so every letter outside ASCII goes to "
             "quarantine: say what the MIS writes, charset: WIN1251 (or CP866 …):" +
                 without_charset,
             false}
        );
    if (auto rights = probe_rights(report); !rights)
        return fail(rights.error().within("probing rights"));
    report.catalog = connection_->catalog;
    return report;
}

}  // namespace mis::source::firebird
