#include "gateway/watching/metrics.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "gateway/watching/health.hpp"
#include "platform/file.hpp"

using namespace mis::gateway;

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kNow = 1'772'440'000 * kSecond;

Figures working() {
    Figures figures;
    figures.version = "0.1.0";
    figures.now_us = kNow;
    figures.started_us = kNow - 7'200 * kSecond;
    figures.last_turn_us = kNow;
    figures.latency_bounds_s = {1, 5, 60};
    StreamFigures stream;
    stream.source = "mis";
    stream.stream = "appointment";
    stream.last_success_us = kNow - 12'500'000;
    stream.poll_us = 34'000;
    stream.rows_scanned = 100;
    stream.rows_unchanged = 90;
    stream.rows_mapped = 9;
    stream.rows_quarantined = 1;
    stream.drift = 0;
    figures.streams = {stream};
    SinkMeasures sink;
    sink.sink = "exchange";
    sink.pending = 3;
    sink.oldest_us = kNow - 2 * kSecond;
    sink.attempts = {{"delivered", 7}, {"unknown", 1}};
    sink.latency_buckets = {4, 2, 0, 1};
    sink.latency_sum_ms = 70'250;
    figures.sinks = {sink};
    figures.clock_skew_seconds = {{"mis", -1.5}};
    return figures;
}

bool says(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

std::string reasons(const Figures& figures) {
    std::string text;
    for (const HealthReason& one : judge_health(figures).reasons)
        text += (one.severity == Severity::alarm ? "alarm " : "notice ") + one.part + ": " +
                one.reason + "\n";
    return text;
}

}  // namespace

TEST_CASE("metrics: the names of schemas/README.md section 6 with their values") {
    const std::string text = render_metrics(working());
    CHECK(
        says(text, R"(mis_gateway_source_lag_seconds{source="mis",stream="appointment"} 12.500000)")
    );
    CHECK(says(
        text, R"(mis_gateway_poll_duration_seconds{source="mis",stream="appointment"} 0.034000)"
    ));
    CHECK(says(
        text,
        R"(mis_gateway_poll_last_success_timestamp_seconds{source="mis",stream="appointment"} 1772439987.500000)"
    ));
    CHECK(says(
        text, R"(mis_gateway_rows_total{source="mis",stream="appointment",outcome="unchanged"} 90)"
    ));
    CHECK(says(text, R"(mis_gateway_outbox_events{sink="exchange"} 3)"));
    CHECK(says(text, R"(mis_gateway_outbox_oldest_age_seconds{sink="exchange"} 2.000000)"));
    CHECK(
        says(text, R"(mis_gateway_delivery_attempts_total{sink="exchange",outcome="delivered"} 7)")
    );
    CHECK(says(text, R"(mis_gateway_end_to_end_seconds_bucket{sink="exchange",le="5"} 6)"));
    CHECK(says(text, R"(mis_gateway_end_to_end_seconds_bucket{sink="exchange",le="+Inf"} 7)"));
    CHECK(says(text, R"(mis_gateway_end_to_end_seconds_sum{sink="exchange"} 70.250)"));
    CHECK(says(text, R"(mis_gateway_end_to_end_seconds_count{sink="exchange"} 7)"));
    CHECK(says(text, R"(mis_gateway_reconcile_drift{source="mis",stream="appointment"} 0)"));
    CHECK(says(text, R"(mis_gateway_clock_skew_seconds{source="mis"} -1.500000)"));
    CHECK(says(text, "mis_gateway_ledger_imbalance 0"));
    CHECK(says(text, "mis_gateway_private_fields_withheld_total 0"));
    CHECK(says(text, R"(mis_gateway_build_info{version="0.1.0"} 1)"));
}

TEST_CASE("metrics: label values are escaped") {
    MetricsText out;
    out.family("x", MetricsText::Kind::gauge, "a\nb\\c");
    out.sample({{"l", "q\"b\\n\n"}}, 1);
    CHECK(
        out.text() ==
        "# HELP mis_gateway_x a\\nb\\\\c\n# TYPE mis_gateway_x "
        "gauge\nmis_gateway_x{l=\"q\\\"b\\\\n\\n\"} 1\n"
    );
}

TEST_CASE("metrics: promtool finds nothing to complain of") {
    if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
        MESSAGE("promtool is not installed (package prometheus): not checked here");
        return;
    }
    const auto file = std::filesystem::temp_directory_path() /
                      ("mis-gateway-metrics-" + std::to_string(std::rand()));
    Figures figures = working();
    figures.backup_watched = true;
    figures.inbox_accepted = {{"order.placed", 1}};
    figures.inbox_refused = {{"malformed", 2}};
    mis::platform::write_file_atomically(file, render_metrics(figures));
    CHECK(std::system(("promtool check metrics < " + file.string()).c_str()) == 0);
    std::filesystem::remove(file);
}

TEST_CASE("health: a working gateway is live, ready and healthy") {
    const HealthReport report = judge_health(working());
    CHECK(report.healthy());
    CHECK(reasons(working()).empty());
    CHECK(answer_health(report, "/livez").status == 200);
    CHECK(answer_health(report, "/readyz").status == 200);
    CHECK(answer_health(report, "/healthz").status == 200);
    CHECK(answer_health(report, "/etc").status == 404);
}

TEST_CASE("health: a receiver or source that is down makes us neither dead nor unready") {
    Figures figures = working();
    figures.sinks[0].condition = SinkCondition::failing;
    figures.sinks[0].reason = "connecting to exchange.example: refused";
    CHECK(judge_health(figures).healthy());  // it retries: not yet worth a human
    figures.streams[0].error = "connecting to db: refused";
    CHECK(
        reasons(figures) ==
        "alarm source mis, stream appointment: connecting to db: refused\nnotice sink exchange: "
        "retrying: connecting to exchange.example: refused\n"
    );
    CHECK(!judge_health(figures).healthy());  // what cannot be read is missing somewhere
    figures.streams[0].last_success_us = kNow - 3'000 * kSecond;
    figures.sinks[0].oldest_us = kNow - 7'000 * kSecond;
    const HealthReport report = judge_health(figures);
    CHECK(!report.healthy());
    CHECK(answer_health(report, "/livez").status == 200);
    CHECK(answer_health(report, "/readyz").status == 200);
    CHECK(answer_health(report, "/healthz").status == 503);
    CHECK(
        answer_health(report, "/healthz").body.find("connecting to db: refused") !=
        std::string::npos
    );
}

TEST_CASE("health: records that name nobody are a notice only when they have become more (D4)") {
    Figures figures = working();
    figures.references.push_back({"mis", "procedure", "patient", 3, "3 of 9 name a patient", false}
    );
    CHECK(reasons(figures).empty());
    figures.references.back().grown = true;
    CHECK(judge_health(figures).healthy());
    CHECK(
        reasons(figures).starts_with("notice source mis, stream procedure: 3 of 9 name a patient: ")
    );
    CHECK(
        render_metrics(figures).find(
            "mis_gateway_dangling_references{source=\"mis\",stream=\"procedure\",names="
            "\"patient\"} 3\n"
        ) != std::string::npos
    );
}

TEST_CASE("health: what needs a human is an alarm with its remedy") {
    Figures figures = working();
    figures.store_error = "disk full";
    CHECK(answer_health(judge_health(figures), "/readyz").status == 503);
    figures = working();
    figures.last_turn_us = kNow - 120 * kSecond;
    CHECK(reasons(figures).empty());
    figures.last_turn_us = kNow - 200 * kSecond;
    CHECK(answer_health(judge_health(figures), "/livez").status == 503);
    CHECK(reasons(figures) == "alarm main loop: has not turned for 3 min\n");
    figures = working();
    figures.sinks[0].condition = SinkCondition::stopped;
    figures.sinks[0].reason = "410";
    CHECK(
        reasons(figures) ==
        "alarm sink exchange: stopped (410): mend it and restart, 3 events wait\n"
    );
    figures.sinks[0].condition = SinkCondition::working;
    figures.sinks[0].oldest_us = kNow - kBacklogSecondsMax * kSecond;
    CHECK(reasons(figures).empty());
    figures.sinks[0].oldest_us -= kSecond;
    CHECK(
        reasons(figures) == "alarm sink exchange: the oldest of 3 events waits for " +
                                std::to_string((kBacklogSecondsMax + 1) / 60) + " min\n"
    );
    figures = working();
    figures.sinks[0].dead_letters = 2;
    CHECK(judge_health(figures).healthy());
    CHECK(
        reasons(figures) == "notice sink exchange: 2 dead letters: see `mis-gateway dead-letters`\n"
    );
    figures = working();
    figures.streams[0].last_success_us = kNow - 600 * kSecond;
    CHECK(reasons(figures).empty());
    figures.streams[0].last_success_us -= kSecond;
    CHECK(
        reasons(figures) == "alarm source mis, stream appointment: not read to its end for 10 min\n"
    );
    figures.streams[0].poll_seconds = 1'800;  // it need not have been read again
    CHECK(reasons(figures).empty());
    figures.streams[0].last_success_us = 0;  // never: since the start, two hours ago
    CHECK(reasons(figures).empty());
    figures.streams[0].poll_seconds = 60;
    CHECK(
        reasons(figures) == "alarm source mis, stream appointment: not read to its end for 2 h\n"
    );
    figures = working();
    figures.backup_watched = true;
    CHECK(reasons(figures) == "alarm backup: there is none: run `mis-gateway backup`\n");
    figures.backup_us = kNow - 72 * 3'600 * kSecond;
    CHECK(reasons(figures) == "alarm backup: the newest is 72 h old: run `mis-gateway backup`\n");
    figures = working();
    figures.held_streams = 1;
    CHECK(!judge_health(figures).healthy());
    figures = working();
    figures.quarantined = 4;
    CHECK(judge_health(figures).healthy());
    CHECK(reasons(figures) == "notice quarantine: 4 rows: see `mis-gateway quarantine`\n");
}

TEST_CASE("health: of a restored store it says what is waited for, and what came in vain") {
    Figures figures = working();
    figures.subjects_awaited = 2;
    CHECK(judge_health(figures).healthy());
    CHECK(
        reasons(figures) ==
        "notice restore: 2 messages of the exchange that came again name an account, a plan or a "
        "patient whom nobody has, and change nothing until he is read\n"
    );
    figures.exchange_awaited = true;
    CHECK(!judge_health(figures).healthy());
    CHECK(reasons(figures).starts_with("alarm restore: nothing new leaves until the exchange has"));
}

TEST_CASE("a source that is sent its rows is told when nothing comes, or nothing can be taken") {
    Figures figures = working();
    figures.intakes.resize(1);
    figures.intakes[0].source = "times";
    auto& intake = figures.intakes[0].figures;
    intake.address = "127.0.0.1:8480";
    intake.messages = {{"accepted", 2}, {"unauthorized", 5}};
    intake.last_received_us = kNow - 3'600 * kSecond;
    intake.bytes = 4'096;
    CHECK(reasons(figures).find("source times") == std::string::npos);
    intake.silent_minutes_max = 60;
    CHECK(reasons(figures).find("source times") == std::string::npos);
    intake.silent_minutes_max = 59;
    CHECK(
        reasons(figures).find("alarm source times: nobody has sent anything for 60 min: see that "
                              "the system sends to 127.0.0.1:8480") != std::string::npos
    );
    intake.error = "the disk is nearly full";
    CHECK(
        reasons(figures).find("alarm source times: takes no messages: the disk is nearly full") !=
        std::string::npos
    );
    const std::string text = render_metrics(figures);
    CHECK(
        says(text, R"(mis_gateway_intake_messages_total{source="times",outcome="unauthorized"} 5)")
    );
    CHECK(says(text, R"(mis_gateway_intake_bytes{source="times"} 4096)"));
    CHECK(says(text, R"(mis_gateway_intake_working{source="times"} 0)"));
    CHECK(render_metrics(working()).find("intake") == std::string::npos);
}

TEST_CASE("an aggregator that hears nothing is an alarm after three of its periods, told why") {
    Figures figures = working();
    figures.slot_sinks.resize(1);
    auto& slots = figures.slot_sinks[0];
    slots.sink = "napopravku";
    slots.every_minutes = 10;
    slots.sent_us = kNow - 29 * 60 * kSecond;
    slots.free_cells = 120;
    CHECK(reasons(figures).find("napopravku") == std::string::npos);
    slots.failing = true;
    slots.reason = "HTTP 500";
    CHECK(
        reasons(figures).find("notice sink napopravku: free times, the last sent 29 min ago: HTTP "
                              "500") != std::string::npos
    );
    CHECK(judge_health(figures).healthy());
    slots.sent_us = kNow - 31 * 60 * kSecond;
    CHECK(reasons(figures).find("alarm sink napopravku: free times") != std::string::npos);
    slots.failing = false;
    slots.reason = "";
    CHECK(
        reasons(figures).find("alarm sink napopravku: no free times sent for 31 min") !=
        std::string::npos
    );
    slots.sent_us = 0;  // since start, two hours ago
    CHECK(reasons(figures).find("no free times sent for 2 h") != std::string::npos);
    slots.every_minutes = 60;
    slots.unmapped = 2;
    CHECK(
        reasons(figures).find("notice sink napopravku: 2 doctors with free times are not in its "
                              "table") != std::string::npos
    );
    const std::string text = render_metrics(figures);
    CHECK(says(text, R"(mis_gateway_slots_free{sink="napopravku"} 120)"));
    CHECK(says(text, R"(mis_gateway_slots_unmapped{sink="napopravku"} 2)"));
    CHECK(render_metrics(working()).find("slots_") == std::string::npos);
}
