#include "gateway/watching/health.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json.hpp"
#include "base/timestamp.hpp"

namespace mis::gateway {
namespace {

std::string age(std::int64_t microseconds) {
    const std::int64_t seconds = microseconds / kUsPerSecond;
    if (seconds < 120) return fmt::format("{} s", seconds);
    if (seconds < 7'200) return fmt::format("{} min", seconds / 60);
    return fmt::format("{} h", seconds / 3'600);
}

void judge_stream(const StreamFigures& stream, const Figures& figures, HealthReport& report) {
    if (!stream.off.empty()) return;
    const std::string part = fmt::format("source {}, stream {}", stream.source, stream.stream);
    const auto named = [&](Json more) {
        more.update({{"source", stream.source}, {"stream", stream.stream}});
        return more;
    };
    const std::int64_t since =
        stream.last_success_us != 0 ? stream.last_success_us : figures.started_us;
    const std::int64_t lag = figures.now_us - since;
    // five polls without success, yet at least ten minutes: one slow pass is no alarm
    const std::int64_t patience =
        std::max<std::int64_t>(600, 5 * std::int64_t{stream.poll_seconds}) * kUsPerSecond;
    if (!stream.error.empty())
        report.reasons.push_back(
            {Severity::alarm, part, stream.error, "stream_failing",
             named({{"error", stream.error}})}
        );
    else if (lag > patience)
        report.reasons.push_back(
            {Severity::alarm, part, fmt::format("not read to its end for {}", age(lag)),
             "stream_late", named({{"seconds", lag / kUsPerSecond}})}
        );
    if (stream.drift && *stream.drift != 0)
        report.reasons.push_back(
            {Severity::notice, part,
             fmt::format("the last nightly comparison found {} differences", *stream.drift),
             "stream_drift", named({{"count", *stream.drift}})}
        );
}

void judge_sink(const SinkMeasures& sink, const Figures& figures, HealthReport& report) {
    const std::string part = "sink " + sink.sink;
    Json params{
        {"sink", sink.sink},
        {"reason", sink.reason},
        {"waiting", sink.pending},
        {"dead_letters", sink.dead_letters}};
    const std::int64_t waiting = sink.oldest_us == 0 ? 0 : figures.now_us - sink.oldest_us;
    const bool overdue = waiting > std::int64_t{kBacklogSecondsMax} * kUsPerSecond;
    params["seconds"] = waiting / kUsPerSecond;
    if (sink.condition == SinkCondition::stopped)
        report.reasons.push_back(
            {Severity::alarm, part,
             fmt::format(
                 "stopped ({}): mend it and restart, {} events wait", sink.reason, sink.pending
             ),
             "sink_stopped", params}
        );
    else if (sink.condition == SinkCondition::failing)
        report.reasons.push_back(
            {overdue ? Severity::alarm : Severity::notice, part,
             fmt::format("retrying: {}", sink.reason), "sink_failing", params}
        );
    if (overdue && sink.condition == SinkCondition::working)
        report.reasons.push_back(
            {Severity::alarm, part,
             fmt::format("the oldest of {} events waits for {}", sink.pending, age(waiting)),
             "sink_overdue", params}
        );
    if (!sink.notice.empty())
        report.reasons.push_back(
            {Severity::notice, part, sink.notice, "sink_notice",
             Json{{"sink", sink.sink}, {"reason", sink.notice}}}
        );
    if (sink.dead_letters > 0)
        report.reasons.push_back(
            {Severity::notice, part,
             fmt::format("{} dead letters: see `mis-gateway dead-letters`", sink.dead_letters),
             "dead_letters", Json{{"sink", sink.sink}, {"count", sink.dead_letters}}}
        );
}

void judge_slot_sink(const SlotSinkMeasures& sink, const Figures& figures, HealthReport& report) {
    const std::string part = "sink " + sink.sink;
    const std::int64_t since = sink.sent_us != 0 ? sink.sent_us : figures.started_us;
    const std::int64_t silent = figures.now_us - since;
    // an aggregator that hears nothing for so long offers times that may be gone
    const std::int64_t patience =
        std::max<std::int64_t>(1'800, 180 * std::int64_t{sink.every_minutes}) * kUsPerSecond;
    if (sink.failing)
        report.reasons.push_back(
            {silent > patience ? Severity::alarm : Severity::notice, part,
             fmt::format("free times, the last sent {} ago: {}", age(silent), sink.reason),
             "slots_failing",
             Json{{"sink", sink.sink}, {"seconds", silent / kUsPerSecond}, {"reason", sink.reason}}}
        );
    else if (silent > patience)
        report.reasons.push_back(
            {Severity::alarm, part, fmt::format("no free times sent for {}", age(silent)),
             "slots_silent", Json{{"sink", sink.sink}, {"seconds", silent / kUsPerSecond}}}
        );
    if (sink.unmapped > 0)
        report.reasons.push_back(
            {Severity::notice, part,
             fmt::format(
                 "{} doctors with free times are not in its table: see `mis-gateway slots preview`",
                 sink.unmapped
             ),
             "slots_unmapped", Json{{"sink", sink.sink}, {"count", sink.unmapped}}}
        );
}

void judge_reader(const ReaderMeasures& reader, const Figures& figures, HealthReport& report) {
    const std::string part = "reader " + reader.reader;
    if (reader.is_ahead)
        report.reasons.push_back(
            {Severity::alarm, part,
             "has taken events that this store does not know: an older copy of the store was put "
             "back; stop the gateway and run `mis-gateway restore`",
             "reader_ahead", Json{{"reader", reader.reader}}}
        );
    if (reader.let_go > 0)
        report.reasons.push_back(
            {Severity::alarm, part,
             fmt::format(
                 "has not come for {} events in time, and they are no longer kept for it: let it "
                 "go on, and give it what it lacks from a file sink; see feed.readers[].kept_hours",
                 reader.let_go
             ),
             "reader_lost", Json{{"reader", reader.reader}, {"count", reader.let_go}}}
        );
    const std::int64_t waiting = reader.oldest_us == 0 ? 0 : figures.now_us - reader.oldest_us;
    if (waiting > std::int64_t{kBacklogSecondsMax} * kUsPerSecond)
        report.reasons.push_back(
            {Severity::notice, part,
             fmt::format(
                 "has not said that it has the oldest of {} events, which waits for {}",
                 reader.pending, age(waiting)
             ),
             "reader_behind",
             Json{
                 {"reader", reader.reader},
                 {"count", reader.pending},
                 {"seconds", waiting / kUsPerSecond}}}
        );
}

void judge_intake(const IntakeMeasures& intake, const Figures& figures, HealthReport& report) {
    const std::string part = "source " + intake.source;
    if (!intake.figures.error.empty())
        report.reasons.push_back(
            {Severity::alarm, part, "takes no messages: " + intake.figures.error, "intake_failing",
             Json{{"source", intake.source}, {"error", intake.figures.error}}}
        );
    const std::int64_t silent_max =
        std::int64_t{intake.figures.silent_minutes_max} * 60 * kUsPerSecond;
    const std::int64_t since = std::max(intake.figures.last_received_us, figures.started_us);
    if (silent_max > 0 && figures.now_us - since > silent_max)
        report.reasons.push_back(
            {Severity::alarm, part,
             fmt::format(
                 "nobody has sent anything for {}: see that the system sends to {}, and its own "
                 "log",
                 age(figures.now_us - since), intake.figures.address
             ),
             "intake_silent",
             Json{
                 {"source", intake.source},
                 {"seconds", (figures.now_us - since) / kUsPerSecond},
                 {"address", intake.figures.address}}}
        );
}

void judge_inbox(
    const inbox::TransportStatus& inbox, const Figures& figures, HealthReport& report
) {
    if (inbox.failing) {
        const std::int64_t since = figures.now_us - inbox.failing_since_us;
        const bool overdue = since > std::int64_t{kBacklogSecondsMax} * kUsPerSecond;
        report.reasons.push_back(
            {overdue ? Severity::alarm : Severity::notice, "inbox",
             fmt::format("no messages come from the exchange for {}: {}", age(since), inbox.reason),
             "inbox_failing", Json{{"seconds", since / kUsPerSecond}, {"reason", inbox.reason}}}
        );
    }
    if (inbox.answers_given_up > 0)
        report.reasons.push_back(
            {Severity::notice, "inbox",
             fmt::format(
                 "{} of our answers were not taken: the exchange does not know what became of its "
                 "messages; the log names them",
                 inbox.answers_given_up
             ),
             "inbox_answers_lost", Json{{"count", inbox.answers_given_up}}}
        );
    if (inbox.clock_skew_seconds && std::abs(*inbox.clock_skew_seconds) > kClockSkewSecondsMax)
        report.reasons.push_back(
            {Severity::notice, "inbox",
             fmt::format(
                 "the exchange's clock and this machine's differ by {:.0f} s: set the clock",
                 *inbox.clock_skew_seconds
             ),
             "inbox_clock_skew",
             Json{{"seconds", static_cast<std::int64_t>(*inbox.clock_skew_seconds)}}}
        );
}

void judge_backup(const Figures& figures, HealthReport& report) {
    if (!figures.backup_watched) return;
    if (figures.backup_us == 0) {
        report.reasons.push_back(
            {Severity::alarm, "backup", "there is none: run `mis-gateway backup`", "backup_missing"}
        );
        return;
    }
    const std::int64_t old = figures.now_us - figures.backup_us;
    if (old > figures.backup_age_hours_max * std::int64_t{3'600} * kUsPerSecond)
        report.reasons.push_back(
            {Severity::alarm, "backup",
             fmt::format("the newest is {} old: run `mis-gateway backup`", age(old)), "backup_old",
             Json{{"seconds", old / kUsPerSecond}}}
        );
}

}  // namespace

bool HealthReport::healthy() const {
    return live && ready &&
           std::none_of(reasons.begin(), reasons.end(), [](const HealthReason& one) {
               return one.severity == Severity::alarm;
           });
}

HealthReport judge_health(const Figures& figures) {
    HealthReport report;
    const auto adder = [&](Severity severity) {
        return
            [&report, severity](
                std::string part, std::string reason, const char* code, Json params = Json::object()
            ) {
                report.reasons.push_back(
                    {severity, std::move(part), std::move(reason), code, std::move(params)}
                );
            };
    };
    const auto alarm = adder(Severity::alarm);
    const auto notice = adder(Severity::notice);
    const auto count = [](std::int64_t number) { return Json{{"count", number}}; };

    if (figures.now_us - figures.last_turn_us > std::int64_t{kTurnSecondsMax} * kUsPerSecond) {
        report.live = false;
        alarm(
            "main loop",
            fmt::format("has not turned for {}", age(figures.now_us - figures.last_turn_us)),
            "main_loop_stuck",
            Json{{"seconds", (figures.now_us - figures.last_turn_us) / kUsPerSecond}}
        );
    }
    if (!figures.store_error.empty()) {
        report.ready = false;
        alarm("store", figures.store_error, "store_failing", Json{{"error", figures.store_error}});
    }
    if (!figures.reading_paused.empty())
        alarm(
            "reading", "paused: " + figures.reading_paused, "reading_paused",
            Json{{"reason", figures.reading_paused}}
        );
    for (const StreamFigures& stream : figures.streams) judge_stream(stream, figures, report);
    for (const SinkMeasures& sink : figures.sinks) judge_sink(sink, figures, report);
    for (const SlotSinkMeasures& sink : figures.slot_sinks) judge_slot_sink(sink, figures, report);
    for (const ReaderMeasures& reader : figures.readers) judge_reader(reader, figures, report);
    for (const IntakeMeasures& intake : figures.intakes) judge_intake(intake, figures, report);
    if (figures.inbox) judge_inbox(*figures.inbox, figures, report);
    for (const auto& [source, skew] : figures.clock_skew_seconds)
        if (std::abs(skew) > kClockSkewSecondsMax)
            report.reasons.push_back(
                {std::abs(skew) >= kZoneSkewSecondsMin ? Severity::alarm : Severity::notice,
                 "source " + source,
                 fmt::format(
                     "its clock and this machine's differ by {:.0f} s: set the clocks, and "
                     "clinic.timezone to the zone in which the MIS writes",
                     skew
                 ),
                 "clock_skew",
                 Json{{"source", source}, {"seconds", static_cast<std::int64_t>(skew)}}}
            );
    if (figures.ledger_imbalance_minor != 0 || figures.ledger_differences != 0)
        alarm(
            "ledger", "the event log and the rows differ: run `mis-gateway reconcile`",
            "ledger_differs"
        );
    if (figures.held_streams > 0)
        alarm(
            "holds",
            fmt::format(
                "{} streams wait for a decision: see `mis-gateway hold list`", figures.held_streams
            ),
            "holds", count(figures.held_streams)
        );
    if (figures.quarantined > 0)
        notice(
            "quarantine", fmt::format("{} rows: see `mis-gateway quarantine`", figures.quarantined),
            "quarantine", count(figures.quarantined)
        );
    for (const ReferenceFigures& one : figures.references)
        if (one.grown)
            notice(
                fmt::format("source {}, stream {}", one.source, one.stream),
                one.text +
                    ": more than at the comparison before; look whether the MIS still has "
                    "them, and whether both maps write the id alike",
                "references_grown",
                Json{{"source", one.source}, {"stream", one.stream}, {"text", one.text}}
            );
    if (figures.exchange_awaited)
        alarm(
            "restore",
            "nothing new leaves until the exchange has sent again what it sent since the backup, "
            "for a consent may be withdrawn of which no event tells: stop the gateway, then "
            "`mis-gateway restore --messages FILE`, or `mis-gateway restore --without-messages` if "
            "there are none",
            "exchange_awaited"
        );
    if (figures.subjects_awaited > 0 && !figures.exchange_awaited)
        notice(
            "restore",
            fmt::format(
                "{} messages of the exchange that came again name an account, a plan or a patient "
                "whom nobody has, and change nothing until he is read",
                figures.subjects_awaited
            ),
            "subjects_awaited", count(figures.subjects_awaited)
        );
    if (figures.messages_lost > 0)
        alarm(
            "restore",
            fmt::format(
                "{} messages of the exchange are lost with the store, and the patients whom they "
                "concern wait for them: let the exchange send again (`mis-gateway restore "
                "--messages FILE`), or give them up (`mis-gateway restore --without-messages`)",
                figures.messages_lost
            ),
            "messages_lost", count(figures.messages_lost)
        );
    if (figures.orders_waiting > 0)
        notice(
            "orders",
            fmt::format(
                "{} wait for their patient: see `mis-gateway order list`", figures.orders_waiting
            ),
            "orders_waiting", count(figures.orders_waiting)
        );
    if (figures.unmapped_codes > 0)
        notice(
            "codes",
            fmt::format(
                "{} have no national code: see `mis-gateway map-code`", figures.unmapped_codes
            ),
            "unmapped_codes", count(figures.unmapped_codes)
        );
    judge_backup(figures, report);
    return report;
}

HealthAnswer answer_health(const HealthReport& report, std::string_view path) {
    const auto plain = [](bool good) {
        return HealthAnswer{
            good ? 200 : 503, "text/plain; charset=utf-8", good ? "ok\n" : "failing\n"};
    };
    if (path == "/livez") return plain(report.live);
    if (path == "/readyz") return plain(report.live && report.ready);
    if (path != "/healthz") return {404, "text/plain; charset=utf-8", "not found\n"};
    Json reasons = Json::array();
    for (const HealthReason& one : report.reasons)
        reasons.push_back(Json{
            {"severity", one.severity == Severity::alarm ? "alarm" : "notice"},
            {"part", one.part},
            {"reason", one.reason},
            {"code", one.code},
            {"params", one.params}});
    const Json body{
        {"status", report.healthy() ? "ok" : "failing"},
        {"live", report.live},
        {"ready", report.ready},
        {"reasons", std::move(reasons)}};
    return {
        report.healthy() ? 200 : 503, "application/json",
        body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"};
}

}  // namespace mis::gateway
