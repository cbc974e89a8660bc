// Commands that read a clinic's base anew: backfill, reconcile.
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "gateway/keeping/conservation.hpp"
#include "platform/file.hpp"
#include "platform/service.hpp"
#include "record/quarantine.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway::cli {

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
            {"source", "stream", "held", "missing", "different", "extra", "quarantined", "state"},
            {2, 3, 4, 5, 6}
        );
        const auto set_aside = record::Quarantine::counts(session.store->database());
        const auto kept = change::RecordStore(session.store->database()).counts();
        for (const auto& [name, streams] : daemon.streams())
            for (const auto& status : streams) {
                if (!source.empty() && name != session.identity_of(source)) continue;
                std::int64_t held = 0;
                for (const auto& count : kept)
                    if (count.source == name && count.stream == status.stream)
                        held = count.standing;
                std::int64_t quarantined = 0;  // their last good versions stand (P6)
                for (const auto& count : set_aside)
                    if (count.source == name && count.stream == status.stream)
                        quarantined = count.open;
                const bool same = status.drift.total() == 0 && status.error.empty();
                good &= same && quarantined == 0;
                const std::string waits = session.held_text(name, status.stream);
                good &= waits.empty();
                const std::string state =
                    !status.off.empty()     ? "off"
                    : !status.error.empty() ? "degraded: " + status.error
                    : !waits.empty()        ? waits
                    : same && quarantined > 0
                        ? "equal but for the rows in quarantine: see `mis-gateway quarantine`"
                    : same ? "equal"
                           : "differed; mended now";
                if (common.output == Output::json)
                    print_json(
                        {{"source", name},
                         {"stream", status.stream},
                         {"held", held},
                         {"missing", status.drift.missing},
                         {"different", status.drift.different},
                         {"extra", status.drift.extra},
                         {"quarantined", quarantined},
                         {"state", state}}
                    );
                else
                    table.add(
                        {name, status.stream, std::to_string(held),
                         std::to_string(status.drift.missing),
                         std::to_string(status.drift.different), std::to_string(status.drift.extra),
                         std::to_string(quarantined), state}
                    );
            }
        if (common.output == Output::table) table.print();
        print_references(common, daemon.dangling_references());
        const auto books =
            check_conservation(*session.store, daemon.meaning(), session.clock.unix_us());
        for (const auto& difference : books.differences) report_error("reconcile: " + difference);
        if (common.output == Output::json)
            print_json(
                {{"groups", books.groups},
                 {"charges", books.charges},
                 {"events_folded", books.events_folded},
                 {"history", books.history},
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
