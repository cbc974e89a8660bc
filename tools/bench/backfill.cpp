// bench_backfill: the daemon's own first pass over one base, timed: capture (fetch, map, store) and
// meaning (derive, disclose, committed outbox) apart, with the process's memory during and after
// it.
//
// It is `mis-gateway sync --once` with a clock, on the given configuration and an empty store
// folder; --stay keeps the daemon turning afterwards.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

#include "base/log.hpp"
#include "gateway/cli/session.hpp"
#include "outbox/outbox.hpp"
#include "platform/memory.hpp"
#include "platform/service.hpp"

using namespace mis;

namespace {

// VmHWM, VmRSS: kilobytes → MB.
double memory_mb(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field + ":"))
            return static_cast<double>(std::stoll(line.substr(field.size() + 1))) / 1024.0;
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    platform::keep_memory_small();  // as the daemon does
    gateway::cli::Common common;
    int stay_seconds = 0;
    CLI::App app{"A timed backfill."};
    app.add_option("--config", common.config)->required();
    app.add_option(
        "--stay", stay_seconds,
        "seconds to go on delivering afterwards; the memory is printed once a minute and at the end"
    );
    CLI11_PARSE(app, argc, argv);

    platform::block_signals();
    auto opened = gateway::cli::Session::open(common, gateway::ClinicStore::Opening::create);
    if (!opened) return fmt::print(stderr, "bench_backfill: {}\n", opened.error().text), 1;
    auto& session = **opened;
    auto setup = session.daemon_setup();
    if (!setup) return fmt::print(stderr, "bench_backfill: {}\n", setup.error().text), 1;
    gateway::Daemon daemon(
        *session.store, std::move(*setup), session.clock, gateway::Daemon::RemovedSinks::refuse
    );
    const double before_mb = memory_mb("VmRSS");

    const auto began = std::chrono::steady_clock::now();
    const auto since = [](auto when) {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - when).count();
    };
    const std::clock_t worked = std::clock();
    daemon.sync_once(0);
    const double seconds = since(began),
                 processor = static_cast<double>(std::clock() - worked) / CLOCKS_PER_SEC;

    std::int64_t rows = 0, capture_us = 0;
    for (const auto& [source, streams] : daemon.streams())
        for (const auto& stream : streams) {
            rows += stream.rows_scanned;
            capture_us += stream.poll_us;
            if (!stream.error.empty())
                fmt::print(stderr, "bench_backfill: {}: {}\n", stream.stream, stream.error);
        }
    const auto figures = daemon.figures();
    std::int64_t pending = 0;
    for (const auto& sink : figures.sinks) pending += sink.pending;
    const auto events = [&] {
        const std::lock_guard lock(session.store->mutex());
        return outbox::last_position(session.store->database());
    }();
    std::int64_t groups = 0;
    {
        const std::lock_guard lock(session.store->mutex());
        auto count = session.store->database().prepare("select count(*) from meaning_group");
        if (count.step()) groups = count.integer(0);
    }
    const double capture = static_cast<double>(capture_us) / 1e6;
    fmt::print(
        "{{\"rows\":{},\"events\":{},\"groups\":{},\"seconds\":{:.2f},\"rows_per_second\":{:.0f},"
        "\"processor_seconds\":{:.2f},\"capture_seconds\":{:.2f},\"meaning_seconds\":{:.2f},"
        "\"pending\":{},\"rss_before_mb\":{:.1f},\"rss_peak_mb\":{:.1f},\"rss_mb\":{:.1f}}}\n",
        rows, events, groups, seconds, static_cast<double>(rows) / seconds, processor, capture,
        seconds - capture, pending, before_mb, memory_mb("VmHWM"), memory_mb("VmRSS")
    );
    std::fflush(stdout);
    if (stay_seconds == 0) return daemon.stop(), 0;

    const auto after = std::chrono::steady_clock::now();
    for (int minute = 1; since(after) < stay_seconds;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(gateway::Daemon::kTurnMilliseconds));
        daemon.turn();
        if (since(after) < 60.0 * minute && since(after) < stay_seconds) continue;
        fmt::print(
            "{{\"seconds_after\":{:.0f},\"rss_mb\":{:.1f}}}\n", since(after), memory_mb("VmRSS")
        );
        std::fflush(stdout);
        ++minute;
    }
    daemon.stop();
}
