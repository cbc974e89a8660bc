#include "gateway/cli/print_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gateway/cli/print.hpp"

namespace mis::gateway::cli {
namespace {

constexpr double kClockSkewSecondsMax = 60;

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

std::string seconds_text(double seconds) { return fmt::format("{:.1f} s", seconds); }

// A stream that is off on purpose: declared optional, its table not on this base.
bool is_absent(const SourceSetup& setup, const source::StreamProbe& probe) {
    const auto& streams = setup.connector.streams;
    const auto declared = std::find_if(streams.begin(), streams.end(), [&](const auto& stream) {
        return stream.name == probe.name;
    });
    return !probe.on && declared != streams.end() && declared->optional;
}

}  // namespace

std::vector<std::string> unreadable_streams(
    const SourceSetup& setup, const source::ProbeReport& report
) {
    std::vector<std::string> found;
    for (const auto& [stream, why] : setup.stopped) found.push_back(stream + " is stopped: " + why);
    for (const auto& stream : report.streams)
        if (!is_absent(setup, stream) && !(stream.on && stream.reason.empty()))
            found.push_back(stream.name + ": " + stream.reason);
    return found;
}

std::vector<std::string> warnings_of(const source::ProbeReport& report) {
    std::vector<std::string> warnings;
    for (const auto& right : report.write_rights)
        warnings.push_back("this login can write: " + right);
    const double skew = report.clock_skew_seconds.value_or(0);
    if (std::abs(skew) > kClockSkewSecondsMax)
        warnings.push_back(
            "its clock and this machine's differ by " + seconds_text(skew) +
            ": set the clocks, and clinic.timezone to the zone in which the MIS writes; what has "
            "changed is judged by its own clock"
        );
    for (const auto& stream : report.streams) {
        for (const auto& remark : stream.remarks)
            warnings.push_back("stream " + stream.name + ": " + remark);
        for (const auto& plan : stream.plans)
            if (plan.reading != source::PlanProbe::Reading::indexed)
                warnings.push_back("stream " + stream.name + ", " + plan.form + ": " + plan.remedy);
    }
    return warnings;
}

void print_probe(const SourceSetup& setup, const source::ProbeReport& report) {
    const std::string& name = setup.name;
    print_line(
        "source " + name + ": " + report.server + ", login " + report.login + ", its clock " +
        report.source_now
    );
    if (report.clock_skew_seconds)
        print_line("  clock skew " + seconds_text(*report.clock_skew_seconds));
    if (!report.tells_rights)
        print_line("  rights: such a source does not tell them; the gateway only reads");
    else if (report.write_rights.empty())
        print_line("  rights: this login cannot write, as far as its privileges tell");
    if (!report.write_rights.empty() || !unreadable_streams(setup, report).empty()) {
        print_line("  a login of its own with these statements suffices:");
        for (const auto& grant : report.sufficient_grants) print_line("    " + grant);
    }
    Table table({"  stream", "rows", "newest change", "reads"}, {1});
    for (const auto& stream : report.streams) {
        if (!stream.on) {
            table.add(
                {"  " + stream.name, "", "",
                 is_absent(setup, stream) ? "off: " + stream.reason : "CANNOT BE READ, see below"}
            );
            continue;
        }
        std::string newest, reads = stream.reason;
        for (const auto& stamp : stream.stamps)
            if (stamp.newest) newest = std::max(newest, *stamp.newest);
        for (const auto& plan : stream.plans)
            reads += (reads.empty() ? "" : ", ") + plan.form + " " + reading_text(plan);
        if (!stream.told.empty()) reads += (reads.empty() ? "" : ", ") + stream.told;
        const std::string rows = !stream.rows ? ""
                                 : *stream.rows >= source::kProbeRowsMax
                                     ? ">=" + std::to_string(*stream.rows)
                                     : std::to_string(*stream.rows);
        table.add({"  " + stream.name, rows, newest, reads});
    }
    table.print();
    for (const auto& stream : report.streams)
        for (const auto& plan : stream.plans)
            if (!plan.remedy.empty() && plan.reading == source::PlanProbe::Reading::indexed)
                print_line("  " + stream.name + ", " + plan.form + ": " + plan.remedy);
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
        if (!stream.told.empty()) made["told"] = stream.told;
        if (stream.rows) made["rows"] = *stream.rows;
        streams.push_back(std::move(made));
    }
    return {
        {"source", name},
        {"server", report.server},
        {"login", report.login},
        {"source_now", report.source_now},
        {"clock_skew_seconds",
         report.clock_skew_seconds ? Json(*report.clock_skew_seconds) : Json()},
        {"write_rights", report.write_rights},
        {"sufficient_grants", report.sufficient_grants},
        {"streams", streams}};
}

}  // namespace mis::gateway::cli
