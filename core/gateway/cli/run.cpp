// The daemon in the foreground, and its single-pass form.
#include "config/file_contents.hpp"
#include "gateway/cli/console_room.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "gateway/site.hpp"
#include "gateway/watching/watch.hpp"
#include "platform/service.hpp"

namespace mis::gateway::cli {
namespace {

// The running parts that a reload replaces together.
struct Running {
    std::unique_ptr<Session> session;
    config::FileContents contents = {};
    std::unique_ptr<Daemon> daemon;
    std::unique_ptr<Watch> watch;
    std::unique_ptr<ConsoleRoom> console = nullptr;

    void stop() {
        console.reset();
        watch.reset();
        daemon.reset();
    }
};

DaemonSetup daemon_setup(const Session& session) {
    auto setup = session.daemon_setup();
    if (!setup) throw Misconfigured(setup.error().text);
    return std::move(*setup);
}

std::unique_ptr<Daemon> make_daemon(
    Session& session, DaemonSetup setup, Daemon::RemovedSinks removed
) {
    for (std::size_t index = 0; index < session.config.sources.size(); ++index)
        for (const auto& key : unknown_site_keys(
                 setup.sources[index].setup, session.config.sources[index], session.config
             ))
            log::warn("{}", key);
    return std::make_unique<Daemon>(*session.store, std::move(setup), session.clock, removed);
}

void start(Running& running) {
    running.daemon->start();
    running.console = open_console(*running.session, *running.daemon);
    try {
        running.daemon->open_feed();
    } catch (const std::exception& error) {
        throw std::runtime_error(
            running.session->config.at("/feed/listen") + ": " + error.what() +
            ": mend the file that is named, or take another address and port"
        );
    }
    if (!running.session->config.http_listen) return;
    try {
        running.watch = std::make_unique<Watch>(
            *running.daemon,
            WatchSettings{
                running.session->config.http_listen->address,
                running.session->config.http_listen->port, running.session->config.backup_folder,
                running.session->config.backup_age_hours_max},
            running.session->clock
        );
    } catch (const std::exception& error) {
        throw std::runtime_error(
            running.session->config.at("/http/listen") + ": " + error.what() +
            ": another program listens there, or the address is none of this machine's; take "
            "another port, or \"\" for none"
        );
    }
}

// Swaps configuration and nomenclature of the session with those of another.
void swap_settings(Session& one, Session& other) {
    std::swap(one.config, other.config);
    std::swap(one.groups, other.groups);
}

// What differs, told; nullopt: nothing does, or it may not.
std::optional<config::FileContents> told_changes(const Running& running, const Session& next) {
    const auto changes = config::diff_configs(running.session->config, next.config);
    auto contents = config::file_contents(next.config);
    const auto files = config::changed_files(running.contents, contents);
    if (changes.empty() && files.empty()) {
        log::info("reload: nothing changed");
        return std::nullopt;
    }
    for (const auto& change : changes) {
        log::info("reload: {}: {} -> {}", change.key, change.before, change.after);
        if (change.effect == config::SettingEffect::identity) {
            log::error(
                "reload refused: {} is the store's identity; the running configuration stays",
                change.key
            );
            return std::nullopt;
        }
    }
    for (const auto& file : files) log::info("reload: {} has another content", file.string());
    return contents;
}

// SIGHUP: validate, show the difference, swap between two batches; the old configuration stays on
// any error. Secrets and certificates count by their content.
void reload(Running& running, const Common& common) {
    auto next = Session::configure(common);
    if (!next) {
        log::error("reload refused, the running configuration stays: {}", next.error().text);
        return;
    }
    auto contents = told_changes(running, **next);
    if (!contents) return;
    swap_settings(*running.session, **next);
    std::optional<DaemonSetup> setup;
    try {
        setup = daemon_setup(*running.session);  // reads every secret, before anything stops
    } catch (const std::exception& error) {
        swap_settings(*running.session, **next);
        log::error("reload refused, the running configuration stays: {}", error.what());
        return;
    }
    running.stop();
    try {
        running.daemon =
            make_daemon(*running.session, std::move(*setup), Daemon::RemovedSinks::refuse);
        start(running);
        running.contents = std::move(*contents);
        log::info("reload: done");
        log::set_level(running.session->config.log_level);
    } catch (const std::exception& error) {
        log::error("reload refused, back to the configuration before: {}", error.what());
        running.stop();
        swap_settings(*running.session, **next);
        running.daemon = make_daemon(
            *running.session, daemon_setup(*running.session), Daemon::RemovedSinks::refuse
        );
        start(running);
    }
}

int refuse_second_process(const Session& session) {
    return report_error(
        "another mis-gateway runs on the store " + session.store->folder().string() +
        ": stop it first (systemctl stop mis-gateway)"
    );
}

}  // namespace

int run(const Common& common, const Run& options) {
    platform::block_signals();
    auto opened = Session::open(common, ClinicStore::Opening::create);
    if (!opened) return report_error(opened.error());
    Running running{.session = std::move(*opened), .daemon = nullptr, .watch = nullptr};
    if (!running.session->store->take_lock()) return refuse_second_process(*running.session);
    running.contents = config::file_contents(running.session->config);
    running.daemon = make_daemon(
        *running.session, daemon_setup(*running.session),
        options.discard_removed_sinks ? Daemon::RemovedSinks::discard : Daemon::RemovedSinks::refuse
    );
    start(running);
    log::info(
        "mis-gateway runs for clinic {}; store {}", running.session->config.clinic_id,
        running.session->store->folder().string()
    );
    platform::notify_ready();
    for (;;) {
        const auto signal =
            platform::wait_for_signal(std::chrono::milliseconds(Daemon::kTurnMilliseconds));
        if (signal == platform::Signal::stop) break;
        if (signal == platform::Signal::reload) reload(running, common);
        running.daemon->turn();
        if (running.console) running.console->note();
        platform::notify_watchdog();
    }
    platform::notify_stopping();
    log::info("stopping: finishing what is in flight");
    running.stop();
    log::info("stopped");
    return kDone;
}

int sync_once(const Common& common) {
    platform::block_signals();
    auto opened = Session::open(common, ClinicStore::Opening::create);
    if (!opened) return report_error(opened.error());
    auto& session = **opened;
    if (!session.store->take_lock()) return refuse_second_process(session);
    constexpr int kDeliverSecondsMax = 60;
    const auto daemon = make_daemon(session, daemon_setup(session), Daemon::RemovedSinks::refuse);
    const bool all = daemon->sync_once(kDeliverSecondsMax);
    daemon->stop();
    const auto figures = daemon->figures();
    Table table(
        {"source", "stream", "rows", "mapped", "unchanged", "skipped", "quarantined", "state"},
        {2, 3, 4, 5, 6}
    );
    const auto waiting = [&](const std::string& source, const std::string& stream) {
        for (const auto& one : figures.quarantine)
            if (one.source == source && one.stream == stream) return one.rows;
        return std::int64_t{0};
    };
    for (const auto& [name, streams] : daemon->streams())
        for (const auto& stream : streams) {
            const std::string held = session.held_text(name, stream.stream);
            const std::string state = !stream.off.empty()     ? "off: " + stream.off
                                      : !stream.error.empty() ? "degraded: " + stream.error
                                      : !held.empty()         ? held
                                                              : "ok";
            if (common.output == Output::json)
                print_json(
                    {{"source", name},
                     {"stream", stream.stream},
                     {"rows", stream.rows_scanned},
                     {"mapped", stream.rows_mapped},
                     {"unchanged", stream.rows_unchanged},
                     {"skipped", stream.rows_skipped},
                     {"repeated", stream.rows_repeated},
                     {"quarantined", waiting(name, stream.stream)},
                     {"state", state}}
                );
            else
                table.add(
                    {name, stream.stream, std::to_string(stream.rows_scanned),
                     std::to_string(stream.rows_mapped), std::to_string(stream.rows_unchanged),
                     std::to_string(stream.rows_skipped),
                     std::to_string(waiting(name, stream.stream)), state}
                );
        }
    if (common.output == Output::table) table.print();
    print_references(common, daemon->dangling_references());
    for (const auto& sink : figures.sinks) {
        if (common.output == Output::json)
            print_json(
                {{"sink", sink.sink},
                 {"pending", sink.pending},
                 {"dead_letters", sink.dead_letters},
                 {"reason", sink.reason}}
            );
        else
            print_line(
                "sink " + sink.sink + ": " + std::to_string(sink.pending) + " pending" +
                (sink.reason.empty() ? "" : " (" + sink.reason + ")")
            );
    }
    for (const auto& sink : figures.slot_sinks) {
        if (common.output == Output::json)
            print_json(
                {{"sink", sink.sink},
                 {"free_times", sink.free_cells},
                 {"sent", sink.sent_us > 0},
                 {"reason", sink.reason}}
            );
        else
            print_line(
                "sink " + sink.sink + ": " +
                (sink.sent_us > 0 ? std::to_string(sink.free_cells) + " free times sent"
                                  : std::string("no free times sent")) +
                (sink.reason.empty() ? "" : " (" + sink.reason + ")")
            );
    }
    return all ? kDone : kFailed;
}

}  // namespace mis::gateway::cli
