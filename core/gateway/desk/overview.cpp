#include "gateway/desk/overview.hpp"

#include <algorithm>

#include "base/money.hpp"
#include "gateway/watching/health.hpp"

namespace mis::gateway {
namespace {

// "source mis, stream appointment", "sink exchange", "store"
Json part_json(const std::string& part) {
    constexpr std::string_view kSource = "source ", kStream = ", stream ", kSink = "sink ";
    if (part.starts_with(kSink)) return {{"kind", "sink"}, {"sink", part.substr(kSink.size())}};
    if (!part.starts_with(kSource))
        return {{"kind", part == "store" || part == "backup" ? "store" : "clinic"}};
    const auto stream = part.find(kStream);
    if (stream == std::string::npos)
        return {{"kind", "source"}, {"source", part.substr(kSource.size())}};
    return {
        {"kind", "stream"},
        {"source", part.substr(kSource.size(), stream - kSource.size())},
        {"stream", part.substr(stream + kStream.size())}};
}

Json stream_json(const StreamFigures& stream, const Figures& figures, const Zone& zone) {
    const std::int64_t patience_us =
        std::max<std::int64_t>(600, 5 * std::int64_t{stream.poll_seconds}) * kUsPerSecond;
    const std::int64_t since_us =
        stream.last_success_us != 0 ? stream.last_success_us : figures.started_us;
    const bool late = figures.now_us - since_us > patience_us;
    Json out{
        {"source", stream.source},
        {"stream", stream.stream},
        {"state", !stream.off.empty()     ? "off"
                  : !stream.error.empty() ? "failing"
                  : late                  ? "late"
                                          : "ok"},
        {"norm_seconds", stream.poll_seconds}};
    if (stream.last_success_us != 0)
        out["read_until"] = zone.at(stream.last_success_us).to_string();
    if (const auto& why = stream.off.empty() ? stream.error : stream.off; !why.empty())
        out["reason"] = why;
    if (stream.drift) out["drift"] = *stream.drift;
    return out;
}

// The bound below which 95 of 100 were; nullopt: nothing was sent yet, or it was above all bounds.
std::optional<int> p95_seconds(const SinkMeasures& sink, const std::vector<int>& bounds) {
    std::uint64_t all = 0, below = 0;
    for (const auto count : sink.latency_buckets) all += count;
    if (all == 0) return std::nullopt;
    for (std::size_t i = 0; i < bounds.size() && i < sink.latency_buckets.size(); ++i) {
        below += sink.latency_buckets[i];
        if (below * 100 >= all * 95) return bounds[i];
    }
    return std::nullopt;
}

Json sink_json(const SinkMeasures& sink, const Figures& figures, const Zone& zone) {
    const auto delivered = sink.attempts.find("delivered");
    Json out{
        {"sink", sink.sink},
        {"state", sink.condition == SinkCondition::stopped   ? "stopped"
                  : sink.condition == SinkCondition::failing ? "failing"
                                                             : "working"},
        {"waiting", sink.pending},
        {"dead_letters", sink.dead_letters},
        {"accepted", delivered == sink.attempts.end() ? 0 : delivered->second}};
    if (sink.oldest_us != 0) out["oldest_at"] = zone.at(sink.oldest_us).to_string();
    if (const auto p95 = p95_seconds(sink, figures.latency_bounds_s)) out["p95_seconds"] = *p95;
    if (!sink.reason.empty()) out["reason"] = sink.reason;
    return out;
}

}  // namespace

HistoryPoint history_point(const Figures& figures) {
    HistoryPoint point;
    point.at_us = figures.now_us;
    for (const auto& sink : figures.sinks) point.waiting = std::max(point.waiting, sink.pending);
    point.reasons = std::ssize(judge_health(figures).reasons);
    return point;
}

Json overview_json(
    const Figures& figures, const Zone& zone, const std::deque<HistoryPoint>& history
) {
    auto report = judge_health(figures);
    std::stable_partition(report.reasons.begin(), report.reasons.end(), [](const auto& one) {
        return one.severity == Severity::alarm;
    });
    Json out{
        {"started_at", zone.at(figures.started_us).to_string()},
        {"state", !report.healthy()        ? "alarm"
                  : report.reasons.empty() ? "ok"
                                           : "notice"},
        {"reasons", Json::array()},
        {"streams", Json::array()},
        {"sinks", Json::array()},
        {"drift", 0}};
    for (const auto& one : report.reasons)
        out["reasons"].push_back(
            {{"severity", one.severity == Severity::alarm ? "alarm" : "notice"},
             {"code", one.code},
             {"params", one.params},
             {"part", part_json(one.part)},
             {"text", one.reason}}
        );
    std::int64_t drift = 0;
    for (const auto& stream : figures.streams) {
        out["streams"].push_back(stream_json(stream, figures, zone));
        drift += stream.drift.value_or(0);
    }
    out["drift"] = drift;
    for (const auto& sink : figures.sinks) out["sinks"].push_back(sink_json(sink, figures, zone));
    out["imbalance"] = {
        {"money", to_json_value(Money{figures.ledger_imbalance_minor, {}})},
        {"differences", figures.ledger_differences}};
    out["backup"] = {
        {"watched", figures.backup_watched}, {"age_hours_max", figures.backup_age_hours_max}};
    if (figures.backup_us != 0) out["backup"]["newest_at"] = zone.at(figures.backup_us).to_string();
    Json points = Json::array();
    for (const auto& point : history)
        points.push_back(
            {{"at", zone.at(point.at_us).to_string()},
             {"waiting", point.waiting},
             {"reasons", point.reasons}}
        );
    out["history"] = {{"step_seconds", kHistoryStepSeconds}, {"points", std::move(points)}};
    return out;
}

}  // namespace mis::gateway
