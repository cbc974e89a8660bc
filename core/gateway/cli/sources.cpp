// Commands that look at a clinic's base: check, discover, preview, backfill, reconcile.
#include <algorithm>

#include "base/text.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "gateway/conservation.hpp"
#include "platform/file.hpp"
#include "platform/service.hpp"
#include "record/mask.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway::cli {
namespace {

struct Opened {
    SourceSetup setup;
    std::unique_ptr<source::SqlSource> source;
};

Result<Opened> open_source(const Session& session, const std::string& name) {
    auto setup = session.source_setup(name);
    if (!setup) return fail(setup.error());
    auto source =
        source::SqlSource::create(setup->connector, setup->firebird, session.clock, setup->options);
    if (!source) return fail(source.error().within("source " + name));
    return Opened{std::move(*setup), std::move(*source)};
}

std::string reading_text(const source::PlanProbe& plan) {
    switch (plan.reading) {
        case source::PlanProbe::Reading::indexed:
            return "by index";
        case source::PlanProbe::Reading::full_scan:
            return "FULL SCAN";
        case source::PlanProbe::Reading::sorts:
            return "sorts";
    }
    return "";
}

// A stream that is off on purpose: declared optional, its table not on this base.
bool is_absent(const SourceSetup& setup, const source::StreamProbe& probe) {
    const auto& streams = setup.connector.streams;
    const auto declared = std::find_if(streams.begin(), streams.end(), [&](const auto& stream) {
        return stream.name == probe.name;
    });
    return !probe.on && declared != streams.end() && declared->optional;
}

// Whether every stream that should be read can be read.
bool all_readable(const SourceSetup& setup, const source::ProbeReport& report) {
    return setup.stopped.empty() &&
           std::all_of(report.streams.begin(), report.streams.end(), [&](const auto& stream) {
               return is_absent(setup, stream) || (stream.on && stream.reason.empty());
           });
}

void print_probe(const SourceSetup& setup, const source::ProbeReport& report) {
    const std::string& name = setup.name;
    print_line(
        "source " + name + ": " + report.server + ", login " + report.login + ", its clock " +
        report.source_now
    );
    if (report.clock_skew_seconds) {
        const double skew = *report.clock_skew_seconds;
        print_line(
            "  clock skew " + fmt::format("{:.1f}", skew) + " s" +
            (skew > 60 || skew < -60 ? ": set the clocks; stamps are judged by the source's own"
                                     : "")
        );
    }
    if (report.write_rights.empty())
        print_line("  rights: this login cannot write, as far as its privileges tell");
    for (const auto& right : report.write_rights)
        print_line("  rights: WARNING, this login can write: " + right);
    if (!report.write_rights.empty() || !all_readable(setup, report)) {
        print_line("  a login of its own with these statements suffices:");
        for (const auto& grant : report.sufficient_grants) print_line("    " + grant);
    }
    Table table({"  stream", "rows", "newest change", "reads"}, {1});
    for (const auto& stream : report.streams) {
        if (!stream.on) {
            table.add({"  " + stream.name, "", "", "off: " + stream.reason});
            continue;
        }
        std::string newest, reads = stream.reason;
        for (const auto& stamp : stream.stamps)
            if (stamp.newest) newest = std::max(newest, *stamp.newest);
        for (const auto& plan : stream.plans)
            reads += (reads.empty() ? "" : ", ") + plan.form + " " + reading_text(plan);
        const std::string rows = !stream.rows ? ""
                                 : *stream.rows >= source::kProbeRowsMax
                                     ? ">=" + std::to_string(*stream.rows)
                                     : std::to_string(*stream.rows);
        table.add({"  " + stream.name, rows, newest, reads});
    }
    table.print();
    for (const auto& stream : report.streams)
        for (const auto& plan : stream.plans)
            if (!plan.remedy.empty())
                print_line("  " + stream.name + ", " + plan.form + ": " + plan.remedy);
    for (const auto& [stream, why] : setup.stopped)
        print_line("  " + stream + " is stopped: " + why);
}

Json probe_json(const std::string& name, const source::ProbeReport& report) {
    Json streams = Json::array();
    for (const auto& stream : report.streams) {
        Json plans = Json::array();
        for (const auto& plan : stream.plans)
            plans.push_back(
                {{"form", plan.form},
                 {"plan", plan.plan},
                 {"reading", reading_text(plan)},
                 {"remedy", plan.remedy}}
            );
        Json made{
            {"stream", stream.name},
            {"on", stream.on},
            {"reason", stream.reason},
            {"plans", plans},
            {"placeholders", stream.placeholders}};
        if (stream.rows) made["rows"] = *stream.rows;
        streams.push_back(std::move(made));
    }
    return {
        {"source", name},
        {"server", report.server},
        {"login", report.login},
        {"source_now", report.source_now},
        {"write_rights", report.write_rights},
        {"sufficient_grants", report.sufficient_grants},
        {"streams", streams}};
}

// A misspelt source or stream is an error, not an empty answer.
Result<void> check_names(
    const Session& session, const std::string& source, const std::string& stream
) {
    if (source.empty()) return {};
    const auto setup = session.source_setup(source);
    if (!setup) return fail(setup.error());
    std::string known;
    for (const auto& declared : setup->connector.streams) {
        if (declared.name == stream) return {};
        known += " " + declared.name;
    }
    if (stream.empty()) return {};
    return fail(
        ErrorKind::misconfigured,
        "connector " + setup->connector.name + " has no stream '" + stream + "'; there are:" + known
    );
}

}  // namespace

int check(const Common& common) {
    return with_session(common, ClinicStore::Opening::create, [&](Session& session) {
        bool good = true;
        if (common.output == Output::table) {
            print_line("configuration " + session.config.file.string() + ": valid");
            print_line(
                "store " + session.store->folder().string() + " (clinic " +
                session.config.clinic_id + ", epoch " +
                std::to_string(session.store->meta().epoch) + ")"
            );
            print_line("connectors, schemas, groups: " + platform::share_directory().string());
            print_line(
                session.config.export_mode == config::ExportMode::all
                    ? "export: all patients, pseudonymous; ground: " + session.config.legal_ground
                    : "export: ordered: only patients with an order and consent leave, from the "
                      "order on"
            );
        }
        const auto setup = session.daemon_setup();
        if (!setup) {
            good = false;
            report_error(setup.error());
        }
        for (const auto& source : session.config.sources) {
            auto opened = open_source(session, source.name);
            if (!opened) {
                good = false;
                report_error(opened.error());
                continue;
            }
            const auto report = opened->source->probe();
            if (!report) {
                good = false;
                report_error(report.error().within("source " + source.name));
                continue;
            }
            if (common.output == Output::json)
                print_json(probe_json(source.name, *report));
            else
                print_probe(opened->setup, *report);
            good &= all_readable(opened->setup, *report);
            for (const auto& override_of : source.overrides)
                print_line(
                    "  override: " + override_of.file.string() + " replaces " + override_of.replaces
                );
        }
        if (session.config.sinks.empty()) {
            good = false;
            report_error(
                "no sink is configured: events are kept and reach nobody; add one under sinks:"
            );
        }
        for (const auto& sink : session.config.sinks)
            if (common.output == Output::table)
                print_line(
                    "sink " + sink.name + ": " +
                    (sink.webhook ? "webhook " + sink.webhook->url
                                  : "files in " + sink.file->folder.string())
                );
        return good ? kDone : kFailed;
    });
}

int discover(const Common& common, const std::string& source, const std::string& pattern) {
    return with_session(common, ClinicStore::Opening::create, [&](Session& session) {
        auto opened = open_source(session, source);
        if (!opened) return report_error(opened.error());
        const auto catalog = opened->source->discover();
        if (!catalog) return report_error(catalog.error().within("source " + source));
        const std::string wanted = to_lower(pattern);
        for (const auto& [table, columns] : catalog->tables) {
            std::vector<std::string> shown;
            const bool whole = to_lower(table).find(wanted) != std::string::npos;
            for (const auto& column : columns)
                if (whole || to_lower(column).find(wanted) != std::string::npos)
                    shown.push_back(column);
            if (shown.empty()) continue;
            if (common.output == Output::json)
                print_json({{"table", table}, {"columns", shown}});
            else {
                print_line(table);
                for (const auto& column : shown) print_line("  " + column);
            }
        }
        return kDone;
    });
}

int preview(const Common& common, const Preview& what) {
    return with_session(common, ClinicStore::Opening::create, [&](Session& session) {
        auto opened = open_source(session, what.source);
        if (!opened) return report_error(opened.error());
        const auto& streams = opened->setup.connector.streams;
        const auto stream = std::find_if(streams.begin(), streams.end(), [&](const auto& declared) {
            return declared.name == what.stream;
        });
        if (stream == streams.end()) {
            std::string known;
            for (const auto& declared : streams) known += " " + declared.name;
            report_error(
                "preview: connector " + opened->setup.connector.name + " has no stream '" +
                what.stream + "'; there are:" + known
            );
            return kUsage;
        }
        if (what.privacy == Privacy::unmasked)
            session.audit_look("preview " + what.source + " " + what.stream);
        record::MapContext context{
            session.config.clinic_zone, session.config.branch_zones, opened->setup.options.site,
            session.config.currency};
        auto mapper = record::Mapper::create(opened->setup.connector, *stream, context);
        if (!mapper) return report_error(mapper.error());
        source::Slice slice;
        slice.by = source::Slice::By::key_walk;
        slice.limit = what.limit;
        const bool masked = what.privacy == Privacy::masked;
        const auto read =
            opened->source->read(what.stream, slice, [&](source::RowBatch&& batch) -> Result<void> {
                for (std::size_t row = 0; row < batch.rows(); ++row) {
                    const auto mapped = (*mapper)->map(batch, row);
                    if (!mapped.skip_reason.empty())
                        print_json({{"row", mapped.row_key}, {"skipped", mapped.skip_reason}});
                    for (const auto& issue : mapped.issues)
                        print_json({{"row", mapped.row_key}, {"quarantined", issue.reason}});
                    for (const auto& record : mapped.records)
                        print_line(
                            masked ? record::masked_body(record.kind, record.body) : record.body
                        );
                }
                return {};
            });
        if (!read) return report_error(read.error().within("source " + what.source));
        if (read->rows == 0) report_error("preview: the stream has no rows");
        return kDone;
    });
}

int backfill(const Common& common, const std::string& source, const std::string& stream) {
    platform::block_signals();
    return with_session(common, ClinicStore::Opening::create, [&](Session& session) {
        if (!session.store->take_lock())
            return report_error(
                "a running mis-gateway holds the store: stop it first, or let its nightly "
                "reconciliation do this"
            );
        auto setup = session.daemon_setup();
        if (!setup) return report_error(setup.error());
        if (const auto known = check_names(session, source, stream); !known)
            return report_error(known.error());
        Daemon daemon(
            *session.store, std::move(*setup), session.clock, Daemon::RemovedSinks::refuse
        );
        const bool good = daemon.reconcile(session.identity_of(source), stream);
        for (const auto& [name, streams] : daemon.streams())
            for (const auto& status : streams)
                if ((source.empty() || name == session.identity_of(source)) &&
                    (stream.empty() || status.stream == stream) && status.off.empty())
                    print_line(
                        name + " " + status.stream + ": " + std::to_string(status.rows_scanned) +
                        " rows read, " + std::to_string(status.rows_mapped) + " new or changed" +
                        (status.error.empty() ? "" : ", degraded: " + status.error)
                    );
        return good ? kDone : kFailed;
    });
}

int reconcile(const Common& common, const std::string& source) {
    platform::block_signals();
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        if (!session.store->take_lock())
            return report_error(
                "a running mis-gateway holds the store: stop it first; it reconciles every night "
                "by itself"
            );
        auto setup = session.daemon_setup();
        if (!setup) return report_error(setup.error());
        if (const auto known = check_names(session, source, {}); !known)
            return report_error(known.error());
        Daemon daemon(
            *session.store, std::move(*setup), session.clock, Daemon::RemovedSinks::refuse
        );
        bool good = daemon.reconcile(source.empty() ? "" : session.identity_of(source), {});
        Table table(
            {"source", "stream", "held", "missing", "different", "extra", "state"}, {2, 3, 4, 5}
        );
        const change::RecordStore records(session.store->database());
        for (const auto& [name, streams] : daemon.streams())
            for (const auto& status : streams) {
                if (!source.empty() && name != session.identity_of(source)) continue;
                std::int64_t held = 0;
                for (const auto& count : records.counts())
                    if (count.source == name && count.stream == status.stream)
                        held = count.standing;
                const bool same = status.drift.total() == 0 && status.error.empty();
                good &= same;
                const std::string state = !status.off.empty()     ? "off"
                                          : !status.error.empty() ? "degraded: " + status.error
                                          : same                  ? "equal"
                                                                  : "differed; mended now";
                if (common.output == Output::json)
                    print_json(
                        {{"source", name},
                         {"stream", status.stream},
                         {"held", held},
                         {"missing", status.drift.missing},
                         {"different", status.drift.different},
                         {"extra", status.drift.extra},
                         {"state", state}}
                    );
                else
                    table.add(
                        {name, status.stream, std::to_string(held),
                         std::to_string(status.drift.missing),
                         std::to_string(status.drift.different), std::to_string(status.drift.extra),
                         state}
                    );
            }
        if (common.output == Output::table) table.print();
        const auto books =
            check_conservation(*session.store, daemon.meaning(), session.clock.unix_us());
        for (const auto& difference : books.differences) report_error("reconcile: " + difference);
        if (common.output == Output::json)
            print_json(
                {{"groups", books.groups},
                 {"charges", books.charges},
                 {"events_folded", books.events_folded},
                 {"differences", books.differences}}
            );
        else
            print_line(
                "books: " + std::to_string(books.groups) + " groups, " +
                std::to_string(books.charges) + " standing charges, " +
                std::to_string(books.events_folded) +
                " events folded: " + (books.differences.empty() ? "equal" : "DIFFERENT")
            );
        return good && books.differences.empty() ? kDone : kFailed;
    });
}

}  // namespace mis::gateway::cli
