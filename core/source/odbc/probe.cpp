// probe(): what `check` tells the operator about a base: streams, indexes, counts, clock, rights.
//
// How a slice is read is judged by the indexes that the catalog names: showing plans is a right of
// its own on SQL Server, which a login that may only SELECT has not.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "source/odbc/source.hpp"
#include "source/sql_words.hpp"

namespace mis::source::odbc {
namespace {

using System = config::OdbcConfig::System;

constexpr int kProbePageRows = 100;

std::string version_sql(System system) {
    return system == System::sql_server ? "select @@version" : "select version()";
}

bool same_name(std::string_view a, std::string_view b) { return to_upper(a) == to_upper(b); }

// Whether some table of the stream has an index that begins with the column.
PlanProbe judge(
    const SliceForm& form, std::string_view column, const StreamProbe& about,
    const std::vector<TableDescription>& tables
) {
    PlanProbe probe;
    probe.form = describe(form);
    const std::string name = catalog_name(split_names(column, '.').back());
    std::string holder;
    for (const TableDescription& table : tables) {
        if (std::find(about.tables.begin(), about.tables.end(), to_upper(table.name)) ==
            about.tables.end())
            continue;
        const bool has =
            std::any_of(table.columns.begin(), table.columns.end(), [&](const auto& one) {
                return same_name(one.name, name);
            });
        if (!has) continue;
        if (holder.empty()) holder = table.name;
        for (const auto& index : table.indexes)
            if (!index.columns.empty() && same_name(index.columns.front(), name)) {
                probe.plan = fmt::format("index {} of {}", index.name, table.name);
                return probe;
            }
    }
    if (holder.empty()) return probe;  // of a view or an expression: nothing can be said
    probe.plan = "no index of " + holder;
    probe.reading = PlanProbe::Reading::full_scan;
    probe.remedy = fmt::format(
        "no index of {} begins with {}, so the whole table is read each time: let the MIS's vendor "
        "add one, or leave this column out",
        holder, name
    );
    return probe;
}

}  // namespace

Result<StreamProbe> OdbcSource::probe_stream(
    const StreamDeclaration& stream, const std::vector<TableDescription>& tables
) {
    StreamProbe probe;
    probe.name = stream.name;
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    if (const auto off = why_off(stream)) {
        probe.reason = *off;
        return probe;
    }
    const auto text = text_of(stream, {SliceForm::Kind::all, 0, 0}, 0);
    if (!text) {
        probe.reason = text.error().text;
        return probe;
    }
    probe.placeholders = placeholders_of(stream, catalog_, site_);
    for (const std::string& word : identifiers_in(*text))
        if (catalog_.has_table(word)) probe.tables.push_back(to_upper(word));

    std::vector<std::pair<SliceForm, std::string>> forms;
    for (std::size_t at = 0; at < stream.stamps.size(); ++at)
        forms.emplace_back(SliceForm{SliceForm::Kind::stamp, at, 0}, stream.stamps[at]);
    if (stream.window)
        forms.emplace_back(SliceForm{SliceForm::Kind::window, 0, 0}, stream.window->column);
    forms.emplace_back(SliceForm{SliceForm::Kind::key_walk, 0, 0}, stream.key);
    for (const auto& [form, column] : forms) {
        const auto name = form.kind == SliceForm::Kind::stamp
                              ? stamp_name(stream, form.stamp_index)
                              : render_column(column, catalog_, site_);
        if (!name) {
            probe.reason = name.error().text;
            return probe;
        }
        PlanProbe plan;
        if (name->empty()) {
            plan.form = describe(form);
            plan.remedy = "this base has no such column: its changes are found by the other rungs";
        } else {
            plan = judge(form, *name, probe, tables);
        }
        probe.plans.push_back(std::move(plan));
    }

    // The very texts that a pass sends, and the first page of them.
    Slice page;
    page.by = Slice::By::key_walk;
    page.limit = kProbePageRows;
    std::optional<std::string> last_key;
    const auto& names = columns(stream.name);
    const auto key_at = static_cast<std::size_t>(
        std::find(names.begin(), names.end(), stream.key_column) - names.begin()
    );
    const auto keep_key = [&](RowBatch&& batch) -> Result<void> {
        if (batch.rows() > 0)
            if (const auto cell = batch.cell(batch.rows() - 1, key_at)) last_key = *cell;
        return {};
    };
    std::vector<Slice> slices{page};
    const std::string today = source_now().value_or("2000-01-01 00:00:00").substr(0, 10);
    Slice between;
    between.from = between.to = today + " 00:00:00";
    for (std::size_t at = 0; at < stream.stamps.size(); ++at) {
        between.by = Slice::By::stamp;
        between.stamp_index = at;
        slices.push_back(between);
        if (stream.tokens.contains(at))
            slices.back().from = slices.back().to = "0x0000000000000000";
    }
    if (stream.window) {
        between.by = Slice::By::window;
        slices.push_back(between);
    }
    for (const Slice& slice : slices) {
        const auto form = form_of(stream, slice);
        if (!form) return fail(form.error());
        Progress progress;
        if (auto fresh = connect(); !fresh) return fail(fresh.error());
        const auto read = read_slice(stream, *form, slice, keep_key, progress);
        if (read) continue;
        if (read.error().kind == ErrorKind::cancelled) return fail(read.error());
        if (read.error().kind == ErrorKind::malformed) {
            probe.remarks.push_back(
                "not every row can be read: " + read.error().text +
                ": the rows concerned go to quarantine; compare like with like in the fetch"
            );
            continue;
        }
        probe.reason = read.error().text;
        return probe;
    }
    if (last_key) {
        Slice one;
        one.by = Slice::By::ids;
        one.ids = {*last_key};
        const auto form = form_of(stream, one);
        if (!form) return fail(form.error());
        Progress progress;
        if (auto fresh = connect(); !fresh) return fail(fresh.error());
        if (const auto read = read_slice(stream, *form, one, keep_key, progress); !read) {
            if (read.error().kind == ErrorKind::cancelled) return fail(read.error());
            probe.reason = read.error().text;
            return probe;
        }
    }
    if (auto noted = probe_deletes(stream, probe); !noted) return fail(noted.error());
    if (!probe.reason.empty()) return probe;
    if (const std::string tracked = probe_tracking(stream, probe); !tracked.empty())
        probe.told += (probe.told.empty() ? "" : ", ") + ("changes of " + tracked + " are told");
    probe.on = true;

    const auto limited =
        text_of(stream, {SliceForm::Kind::key_walk_start, 0, 0}, static_cast<int>(kProbeRowsMax));
    if (limited)
        if (const auto count = ask(fmt::format("select count(*) from (\n{}\n) x", *limited), 1);
            count && !count->empty())
            probe.rows = std::atoll(count->front()[0].value_or("0").c_str());
    for (std::size_t at = 0; at < stream.stamps.size(); ++at) {
        StampProbe found{stream.stamps[at], std::nullopt};
        const auto name = stamp_name(stream, at);
        if (name && !name->empty() && !stream.tokens.contains(at))
            if (const auto newest = with_select_list(*text, fmt::format("max({})", *name)))
                if (const auto row = ask(*newest, 1); row && !row->empty())
                    found.newest = row->front()[0];
        probe.stamps.push_back(std::move(found));
    }
    return probe;
}

// The question that a poll asks, of no time at all.
Result<void> OdbcSource::probe_deletes(const StreamDeclaration& stream, StreamProbe& probe) {
    if (!stream.deletes) return {};
    const auto key = render_column(stream.deletes->key, catalog_, site_);
    if (!key || key->empty()) {
        if (!key) probe.reason = key.error().text;
        return {};
    }
    Slice none;
    none.by = Slice::By::deletes;
    none.from = none.to = "2000-01-01 00:00:00";
    if (const auto read = keys(stream.name, none, 1); !read) {
        if (read.error().kind == ErrorKind::cancelled) return fail(read.error());
        probe.reason = read.error().text;
        return {};
    }
    const auto text = text_of(*stream.deletes, {SliceForm::Kind::all, 0, 0}, 0);
    if (text)
        for (const std::string& word : identifiers_in(*text))
            if (catalog_.has_table(word)) probe.tables.push_back(to_upper(word));
    probe.told = "deletions are noted";
    return {};
}

Result<std::optional<std::vector<std::string>>> OdbcSource::values_of(
    const std::string& stream, const std::string& column
) {
    const StreamDeclaration* declared = find(stream);
    MIS_ASSERT(declared != nullptr);
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    if (why_off(*declared)) return std::vector<std::string>();
    const auto text = text_of(*declared, {SliceForm::Kind::all, 0, 0}, 0);
    if (!text) return fail(text.error());
    const auto rows =
        ask(fmt::format(
                "select distinct x.{0} from (\n{1}\n) x where x.{0} is not null",
                catalog_.written(column), *text
            ),
            kProbeValuesMax + 1);
    if (!rows || rows->size() > kProbeValuesMax) return std::nullopt;
    std::vector<std::string> values;
    for (const auto& row : *rows) values.push_back(row[0].value_or(""));
    return values;
}

Result<void> OdbcSource::probe_rights(ProbeReport& report) {
    const auto told = [&](const std::string& sql) -> std::string {
        const auto rows = ask(sql, 1);
        return rows && !rows->empty() ? rows->front()[0].value_or("") : "";
    };
    std::set<std::string> tables;
    for (const StreamProbe& stream : report.streams)
        for (const std::string& table : stream.tables) tables.insert(catalog_.written(table));
    const auto may = [&](const std::string& what) { report.write_rights.push_back(what); };
    switch (settings_.base.system) {
        case System::sql_server: {
            report.login = told("select suser_sname()");
            if (told("select is_srvrolemember('sysadmin')") == "1") {
                may(report.login + " is sysadmin and may do anything");
                break;
            }
            std::string whole;
            for (const char* right : {"INSERT", "UPDATE", "DELETE", "ALTER", "EXECUTE", "CONTROL"})
                if (told(fmt::format("select has_perms_by_name(db_name(), 'DATABASE', '{}')", right)
                    ) == "1")
                    whole += (whole.empty() ? "" : ", ") + std::string(right);
            if (!whole.empty()) {
                may(whole + " on the whole base");
                break;
            }
            for (const std::string& table : tables) {
                const std::string on = told(fmt::format(
                    "select has_perms_by_name('{0}', 'OBJECT', 'INSERT') + "
                    "has_perms_by_name('{0}', "
                    "'OBJECT', 'UPDATE') + has_perms_by_name('{0}', 'OBJECT', 'DELETE')",
                    table
                ));
                if (!on.empty() && on != "0") may("INSERT, UPDATE or DELETE on " + table);
            }
            break;
        }
        case System::postgresql:
            report.login = told("select cast(current_user as varchar(64))");
            if (told("select case when rolsuper then 1 else 0 end from pg_roles where rolname = "
                     "current_user") == "1") {
                may(report.login + " is a superuser and may do anything");
                break;
            }
            for (const std::string& table : tables)
                if (told(fmt::format(
                        "select case when has_table_privilege('{}', 'INSERT, UPDATE, DELETE') then "
                        "1 else 0 end",
                        table
                    )) == "1")
                    may("INSERT, UPDATE or DELETE on " + table);
            break;
        case System::mariadb:
            report.login = told("select current_user()");
            if (const auto grants = ask("show grants", 100))
                for (const auto& row : *grants) {
                    const std::string grant = row[0].value_or("");
                    for (const char* right : {"ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE"})
                        if (grant.find(right) != std::string::npos &&
                            grant.find(" ON ") != std::string::npos)
                            may(fmt::format(
                                "{}{}", right,
                                grant.substr(
                                    grant.find(" ON "), grant.find(" TO ") - grant.find(" ON ")
                                )
                            ));
                }
            break;
    }
    for (const std::string& table : tables)
        report.sufficient_grants.push_back(
            fmt::format("grant select on {} to {}", table, settings_.base.user)
        );
    std::set<std::string> tracked;
    for (const StreamProbe& stream : report.streams)
        for (const std::string& table : stream.tracked_tables)
            tracked.insert(catalog_.written(table));
    for (const std::string& table : tracked)
        report.sufficient_grants.push_back(
            fmt::format("grant view change tracking on {} to {}", table, settings_.base.user)
        );
    return {};
}

Result<ProbeReport> OdbcSource::probe() {
    ProbeReport report;
    auto now = source_now();
    if (!now) return fail(now.error());
    report.source_now = *now;
    report.clock_skew_seconds = clock_skew_seconds_;
    const auto version = ask(version_sql(settings_.base.system), 1);
    if (!version) return fail(version.error());
    std::string said = version->empty() ? "" : version->front()[0].value_or("");
    report.server = said.substr(0, std::min(said.find('\n'), said.find(" (")));
    if (settings_.base.system == System::sql_server)
        report.server += connection_->gives_snapshots() ? ", snapshot isolation"
                                                        : ", read committed (no snapshots)";
    const auto tables = discover();
    if (!tables) return fail(tables.error());
    for (const StreamDeclaration& stream : connector_.streams) {
        auto probed = probe_stream(stream, *tables);
        if (!probed) return fail(probed.error().within("probing " + stream.name));
        report.streams.push_back(*std::move(probed));
    }
    if (auto rights = probe_rights(report); !rights)
        return fail(rights.error().within("probing rights"));
    report.catalog = catalog_;
    return report;
}

}  // namespace mis::source::odbc
