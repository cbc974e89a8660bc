// Commands that look at a clinic's base: discover, preview, backfill, reconcile.
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

int discover(const Common& common, const std::string& source, const std::string& pattern) {
    return with_session(common, ClinicStore::Opening::create, [&](Session& session) {
        auto opened = session.open_source(source);
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
        auto opened = session.open_source(what.source);
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
        if (const auto known = session.check_source(source, stream); !known)
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
        if (const auto known = session.check_source(source, {}); !known)
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
