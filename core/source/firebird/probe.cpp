// probe(): what `check` tells the operator about a base: streams, plans, counts, clock, rights.
// Each question costs the server a few seconds at most: counts are bounded, and what takes longer
// stays unsaid.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "source/firebird/column_types.hpp"
#include "source/firebird/source.hpp"
#include "source/sql_words.hpp"

namespace mis::source::firebird {
namespace {

// The names along a plan's path to a scan: "L O NATURAL" → {"L", "O"}.
std::vector<std::vector<std::string>> natural_paths(std::string_view plan) {
    std::vector<std::vector<std::string>> paths;
    constexpr std::string_view kNatural = " NATURAL";
    for (std::size_t at = plan.find(kNatural); at != std::string_view::npos;
         at = plan.find(kNatural, at + 1)) {
        const std::size_t begin = plan.find_last_of("(,", at);
        std::vector<std::string> path;
        const std::size_t from = begin == std::string_view::npos ? 0 : begin + 1;
        for (const std::string_view name : split(plan.substr(from, at - from), ' '))
            if (!name.empty()) path.emplace_back(name);
        paths.push_back(std::move(path));
    }
    return paths;
}

// Whether the plan reads whole tables for this slice: that of the slice's column, or the one it
// starts from.
bool scans(std::string_view plan, std::string_view alias) {
    const auto paths = natural_paths(plan);
    const auto is_alias = [&](const auto& path) {
        return !path.empty() && (alias.empty() || path.front() == alias);
    };
    if (std::any_of(paths.begin(), paths.end(), is_alias)) return true;
    const std::size_t natural = plan.find(" NATURAL");
    const std::size_t index = std::min(plan.find(" INDEX"), plan.find(" ORDER"));
    return natural != std::string_view::npos && natural < index;
}

std::string alias_of(std::string_view column) {
    const std::size_t dot = column.find('.');
    return dot == std::string_view::npos ? std::string() : std::string(trim(column.substr(0, dot)));
}

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
    const bool sorted = probe.plan.find("SORT") != std::string::npos;
    const bool walks = form.kind == SliceForm::Kind::key_walk;
    if (walks && sorted) {
        probe.reading = PlanProbe::Reading::sorts;
        probe.remedy = fmt::format(
            "{} has no index in ascending order: each page sorts the table; choose an indexed key",
            column
        );
    } else if (scans(probe.plan, column.starts_with('{') ? std::string() : alias_of(column))) {
        probe.reading = PlanProbe::Reading::full_scan;
        probe.remedy = walks || form.kind == SliceForm::Kind::ids
                           ? fmt::format(
                                 "{} has no usable index: backfill and re-reads scan the table; "
                                 "choose an indexed key",
                                 column
                             )
                           : fmt::format(
                                 "{} has no usable index: every poll scans the table; take it out "
                                 "of `{}`, or let the MIS's vendor make an index",
                                 column, form.kind == SliceForm::Kind::stamp ? "stamps" : "window"
                             );
    }
    return probe;
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
    if (auto pieces = parse_fetch(stream.fetch_sql, stream.fetch_file.string())) {
        for (const FetchPiece& piece : *pieces) {
            const Catalog& catalog = connection_->catalog;
            if (piece.kind == FetchPiece::Kind::column) {
                const bool there = catalog.has_column(piece.table, piece.column);
                probe.placeholders[piece.table + "." + piece.column] =
                    there ? piece.alias + "." + piece.column : piece.literal;
            } else if (piece.kind == FetchPiece::Kind::table) {
                probe.placeholders[piece.table] =
                    catalog.has_table(piece.table) ? piece.table : piece.literal;
            } else if (piece.kind == FetchPiece::Kind::site) {
                const auto value = site_.find(piece.site_key);
                probe.placeholders["site " + piece.site_key] =
                    value == site_.end() || value->second.empty() ? piece.literal : value->second;
            }
        }
    }
    const SliceForm all{SliceForm::Kind::all, 0, 0};
    auto text = render_fetch(stream, all, connection_->catalog, site_);
    if (!text) {
        probe.reason = text.error().text;
        return probe;
    }
    for (const std::string& word : identifiers_in(*text))
        if (!word.starts_with("RDB$") && connection_->catalog.has_table(word))
            probe.tables.push_back(word);

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
    probe.on = true;

    if (auto count =
            ask(fmt::format("select count(*) from (\n{}\nrows {}) x", *text, kProbeRowsMax), {});
        count && !count->empty())
        probe.rows = std::atoll(count->front()[0].value_or("0").c_str());
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

Result<void> FirebirdSource::probe_rights(ProbeReport& report) {
    auto who = ask("select current_user, current_role from rdb$database", {});
    if (!who) return fail(who.error());
    const std::string user = who->front()[0].value_or("");
    const std::string role = who->front()[1].value_or("NONE");
    report.login = role == "NONE" ? user : user + " in role " + role;

    if (settings_.host.empty())
        report.write_rights.push_back(
            "embedded access checks no password: whoever may open the file may write it"
        );
    if (user == "SYSDBA" || role == "RDB$ADMIN")
        report.write_rights.push_back(report.login + " may do anything");
    auto owner =
        ask("select rdb$owner_name from rdb$relations where rdb$relation_name = 'RDB$DATABASE'",
            {});
    if (!owner) return fail(owner.error());
    if (!owner->empty() && owner->front()[0] == user && user != "SYSDBA")
        report.write_rights.push_back(user + " owns the base");
    auto owned =
        ask("select count(*) from rdb$relations where coalesce(rdb$system_flag, 0) = 0 and "
            "rdb$owner_name = current_user",
            {});
    if (!owned) return fail(owned.error());
    if (!owned->empty() && owned->front()[0] != "0" && user != "SYSDBA")
        report.write_rights.push_back(
            fmt::format("{} owns {} tables", user, owned->front()[0].value_or(""))
        );
    auto grants =
        ask("select distinct p.rdb$relation_name, p.rdb$privilege from rdb$user_privileges p"
            " join rdb$relations r on r.rdb$relation_name = p.rdb$relation_name"
            " where p.rdb$privilege in ('I', 'U', 'D') and p.rdb$object_type = 0 and "
            "coalesce(r.rdb$system_flag, 0) = 0"
            " and (p.rdb$user = current_user or p.rdb$user = 'PUBLIC' or p.rdb$user = current_role)"
            " and (r.rdb$owner_name <> current_user) order by 1, 2",
            {});
    if (!grants) return fail(grants.error());
    constexpr std::size_t kNamedMax = 20;
    for (const auto& grant : *grants) {
        if (report.write_rights.size() >= kNamedMax) {
            report.write_rights.push_back(fmt::format("and more, {} in all", grants->size()));
            break;
        }
        const std::string privilege = grant[1].value_or("");
        const std::string_view verb = privilege == "I"   ? "insert into"
                                      : privilege == "U" ? "update"
                                                         : "delete from";
        report.write_rights.push_back(fmt::format("{} may {} {}", user, verb, grant[0].value_or(""))
        );
    }

    const bool restricted = !user.empty() && report.write_rights.empty();
    const std::string reader = restricted ? user : "MIS_GATEWAY";
    if (!restricted) report.sufficient_grants.push_back("create user MIS_GATEWAY password '…'");
    std::set<std::string> tables;
    for (const StreamProbe& stream : report.streams)
        tables.insert(stream.tables.begin(), stream.tables.end());
    for (const std::string& table : tables)
        report.sufficient_grants.push_back(fmt::format("grant select on {} to {}", table, reader));
    return {};
}

Result<ProbeReport> FirebirdSource::probe() {
    ProbeReport report;
    const std::int64_t before_us = clock_.unix_us();
    auto now = source_now();
    if (!now) return fail(now.error());
    report.source_now = *now;
    const std::int64_t ours_us = before_us + (clock_.unix_us() - before_us) / 2;
    if (options_.zone)
        if (const auto local = LocalTime::parse(*now))
            report.clock_skew_seconds =
                static_cast<double>(options_.zone->resolve(*local).time.unix_us - ours_us) / 1e6;

    auto version = ask("select rdb$get_context('SYSTEM', 'ENGINE_VERSION') from rdb$database", {});
    if (!version) return fail(version.error());
    report.server = fmt::format(
        "Firebird {}, default set {}, dialect {}",
        version->front()[0].value_or("of unknown version"), connection_->base_charset_name,
        settings_.dialect
    );
    auto facts = base_facts();
    if (!facts) return fail(facts.error());
    report.base_dialect = facts->dialect;
    for (const StreamDeclaration& stream : connector_.streams) {
        auto probed = probe_stream(stream, report.source_now);
        if (!probed) return fail(probed.error().within("probing " + stream.name));
        report.streams.push_back(*std::move(probed));
    }
    if (auto rights = probe_rights(report); !rights)
        return fail(rights.error().within("probing rights"));
    report.catalog = connection_->catalog;
    return report;
}

}  // namespace mis::source::firebird
