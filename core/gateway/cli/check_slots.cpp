#include "gateway/cli/check_slots.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace mis::gateway::cli {
namespace {

// The sources of the configuration that the table names, by the names that the store knows.
std::vector<const config::SourceConfig*> sources_of(
    const Session& session, const SlotSetup& setup
) {
    std::vector<const config::SourceConfig*> sources;
    const auto named = setup.sources();
    for (const auto& source : session.config.sources)
        if (named.contains(session.identity_of(source.name))) sources.push_back(&source);
    return sources;
}

void add_source_findings(
    const Session& session, const config::SlotSinkConfig& sink, const SlotSetup& setup,
    const config::SourceConfig& source, std::vector<SlotFinding>& findings
) {
    const auto made = session.source_setup(source.name);
    if (!made) return;  // told where the source is checked
    const auto& connector = made->connector;
    const auto& feeds = connector.feeds;
    const std::string& name = setup.options.aggregator.name;
    if (!sink.sole_feed && std::find(feeds.begin(), feeds.end(), name) != feeds.end())
        findings.push_back(
            {connector.title + " (source " + source.name + ") can send " +
             setup.options.aggregator.title +
             " free times by itself, and two feeds overwrite each other: ask the clinic which is "
             "on, leave one, then write slots: {sole_feed: true}"}
        );
    if (connector.source_kind == "files")
        findings.push_back(
            {"source " + source.name +
             " reads files: how old the times in them are cannot be told; take it only where a new "
             "one is written at least every " +
             std::to_string(sink.age_minutes_max) + " minutes"}
        );
    for (const auto& stream : connector.streams) {
        const int poll = made->poll_seconds > 0 ? made->poll_seconds : stream.poll_seconds;
        if (!tells_of_times(stream.kind) || poll < sink.age_minutes_max * 60) continue;
        findings.push_back(
            {"source " + source.name + ", stream " + stream.name + " is read every " +
                 std::to_string(poll / 60) + " minutes, slots.age_minutes_max is " +
                 std::to_string(sink.age_minutes_max) +
                 ": most of the time nothing would be sent; lower sources[].poll_seconds, or raise "
                 "age_minutes_max where older free times may be offered",
             true}
        );
    }
}

}  // namespace

disclosure::SlotDisclosure slots_now(const Session& session, const SlotSetup& setup) {
    const std::int64_t now_us = session.clock.unix_us();
    SlotReader reader(session.store->database(), setup.clinic_zone, setup.branch_zones);
    const auto days = reader.days(now_us, setup.days);
    return disclosure::disclose_slots(
        days, setup.table, setup.terms(now_us, reader.zone_of_branch())
    );
}

std::vector<SlotFinding> slot_findings(
    const Session& session, const config::SlotSinkConfig& sink, const SlotSetup& setup
) {
    std::vector<SlotFinding> findings;
    for (const auto* source : sources_of(session, setup))
        add_source_findings(session, sink, setup, *source, findings);
    if (setup.table.rows.empty())
        findings.push_back(
            {sink.table_file.string() +
                 " has no confirmed line: nothing is sent; write yes into the column confirmed "
                 "where the clinic agrees",
             true}
        );
    if (!session.store) return findings;
    const auto disclosed = slots_now(session, setup);
    if (!disclosed.unmapped.empty())
        findings.push_back(
            {std::to_string(disclosed.unmapped.size()) +
             " doctors with free times are not in its table: see `mis-gateway slots preview " +
             sink.name + "`"}
        );
    for (const auto& row : disclosed.without_times)
        findings.push_back(
            {sink.table_file.string() + ":" + std::to_string(row.line) + ": of doctor " +
             row.doctor + (row.branch.empty() ? "" : " in branch " + row.branch) +
             " no working time is known: he is sent without any"}
        );
    return findings;
}

}  // namespace mis::gateway::cli
