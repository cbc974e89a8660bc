// bench_poll: what an idle poll costs, per rung of the ladder, on a base whose backfill is done
// (bench_backfill with the same configuration).
//
// Rungs are measured as the daemon reads them, without the pauses of the duty cycle: the slice of
// the source (rows come and are counted), median of
// --times. "pass" is the whole idle pass of the stream: clock, all its rungs, mapping, comparison
// with the store, nothing written.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>

#include "change/key.hpp"
#include "change/local_time.hpp"
#include "change/stream_state.hpp"
#include "gateway/cli/session.hpp"

using namespace mis;

namespace {

[[noreturn]] void die(const std::string& what) {
    fmt::print(stderr, "bench_poll: {}\n", what);
    std::exit(1);
}

struct Measured {
    double median_ms = 0;
    std::int64_t rows = 0;
};

Measured median_of(int times, const std::function<std::int64_t()>& once) {
    std::vector<double> all;
    Measured measured;
    once();  // warm: statements prepared, pages read
    for (int i = 0; i < times; ++i) {
        const auto began = std::chrono::steady_clock::now();
        measured.rows = once();
        all.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
                .count()
        );
    }
    std::nth_element(all.begin(), all.begin() + times / 2, all.end());
    measured.median_ms = all[static_cast<std::size_t>(times / 2)];
    return measured;
}

void print(const std::string& stream, const std::string& rung, const Measured& measured) {
    fmt::print(
        "{{\"stream\":\"{}\",\"rung\":\"{}\",\"rows\":{},\"median_ms\":{:.3f}}}\n", stream, rung,
        measured.rows, measured.median_ms
    );
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    gateway::cli::Common common;
    int times = 51;
    bool nightly = false;
    CLI::App app{"Idle polls per rung."};
    app.add_option("--config", common.config)->required();
    app.add_option("--times", times);
    app.add_flag("--nightly", nightly, "also the full walk, once");
    CLI11_PARSE(app, argc, argv);

    auto opened = gateway::cli::Session::open(common, gateway::ClinicStore::Opening::existing);
    if (!opened) die(opened.error().text);
    auto& session = **opened;
    auto& configured = session.config.sources.front();
    configured.duty_cycle_percent = configured.backfill_duty_cycle_percent = 100;
    auto setup = session.source_setup(configured.name);
    if (!setup) die(setup.error().text);
    setup->pass.window_duty_percent = 100;
    setup->options.sleep = [](std::chrono::microseconds) {};
    auto source = setup->open(setup->connector, setup->options, session.clock);
    if (!source) die(source.error().text);
    const auto now = (*source)->source_now();
    if (!now) die(now.error().text);
    const std::int64_t now_us = *change::local_us(*now), today_us = now_us / kUsPerDay * kUsPerDay;
    const auto rows_of = [&](const std::string& stream, const source::Slice& slice) {
        const auto report =
            (*source)->read(stream, slice, [](source::RowBatch&&) { return Result<void>(); });
        if (!report) die(report.error().text);
        return report->rows;
    };

    const auto meaning = session.meaning();
    std::set<std::string> mid_pass;
    gateway::SourceWorker worker(*session.store, *meaning, mid_pass, *setup, session.clock, {});
    for (const auto& stream : setup->connector.streams) {
        const auto state = change::load_state(
            session.store->database(), {configured.name, stream.name, stream.kind}
        );
        for (std::size_t i = 0; i < stream.stamps.size(); ++i) {
            source::Slice slice;
            slice.by = source::Slice::By::stamp;
            slice.stamp_index = i;
            slice.from = change::local_text(now_us - 120 * kUsPerSecond);
            slice.to = change::local_text(now_us + kUsPerSecond);
            print(stream.name, fmt::format("stamp {}", stream.stamps[i]), median_of(times, [&] {
                      return rows_of(stream.name, slice);
                  }));
        }
        if (stream.window) {
            source::Slice slice;
            slice.by = source::Slice::By::window;
            slice.from = change::local_text(today_us - stream.window->past_days * kUsPerDay);
            slice.to = change::local_text(today_us + (stream.window->future_days + 1) * kUsPerDay);
            print(stream.name, "window " + stream.window->column, median_of(times, [&] {
                      return rows_of(stream.name, slice);
                  }));
        }
        if (const auto last = integer_key(state.walk_after)) {
            source::Slice slice;
            slice.by = source::Slice::By::key_walk;
            slice.after_id = std::to_string(*last - 50);
            slice.limit = setup->pass.walk_rows;
            print(stream.name, "key tail", median_of(times, [&] {
                      return rows_of(stream.name, slice);
                  }));
        }
        const auto pass = [&](change::PassMode mode) {
            const auto summary = worker.pass(mode, stream.name);
            for (const auto& [name, error] : summary.degraded) die(name + ": " + error.text);
            if (summary.counts.wrote())
                fmt::print(
                    stderr, "bench_poll: {}: not idle: {} new, {} changed, {} gone\n", stream.name,
                    summary.counts.created, summary.counts.updated, summary.counts.removed
                );
            return summary.rows;
        };
        print(stream.name, "pass", median_of(times, [&] { return pass(change::PassMode::poll); }));
        if (!nightly) continue;
        const auto began = std::chrono::steady_clock::now();
        Measured walk;
        walk.rows = pass(change::PassMode::reconcile);
        walk.median_ms =
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
                .count();
        print(stream.name, "nightly", walk);
    }
}
