#include "gateway/slot_trust.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/timestamp.hpp"
#include "change/open_pass.hpp"
#include "change/record_store.hpp"
#include "change/stream_state.hpp"
#include "gateway/pipeline/restored.hpp"

namespace mis::gateway {

bool tells_of_times(std::string_view kind) {
    constexpr std::array<std::string_view, 4> kKinds = {"shift", "busy", "slot", "appointment"};
    return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

SlotSource slot_source_in_store(sqlite::Database& database, const std::string& source) {
    SlotSource known;
    known.name = source;
    known.in_a_pass = change::open_passes(database).contains(source);
    known.awaited = restored::sources_awaited(database).contains(source);
    std::set<std::string> streams;
    for (const auto& count : change::RecordStore(database).counts()) {
        if (count.source != source || !tells_of_times(count.kind)) continue;
        streams.insert(count.stream);
        if (count.held_by_mapping > 0) known.held.push_back(count.stream);
    }
    for (const auto& hold : change::holds(database)) {
        const bool is_meant = hold.stream.empty() || streams.contains(hold.stream);
        if (hold.source == source && !hold.released && is_meant) known.held.push_back(hold.stream);
    }
    return known;
}

SlotDoubt doubt_of(const SlotSource& source, std::int64_t now_us, std::chrono::minutes age_max) {
    const std::string who = "source " + source.name;
    for (const auto& stream : source.streams)
        if (!stream.error.empty())
            return {fmt::format("{}, stream {}: {}", who, stream.name, stream.error)};
    if (!source.held.empty()) {
        const std::string& stream = source.held.front();
        return {fmt::format(
            "{}{}{} waits for a decision: see `mis-gateway hold list`", who,
            stream.empty() ? "" : ", stream ", stream
        )};
    }
    if (source.awaited) return {who + " is still to be compared after the restore"};
    if (source.in_a_pass)
        return {who + " is being read, or its last pass was cut: a complete one is awaited", true};
    const auto limit_us = std::chrono::microseconds(age_max).count();
    const auto minutes = [&](std::int64_t since_us) {
        return (now_us - since_us) / (60 * kUsPerSecond);
    };
    for (const auto& stream : source.streams) {
        if (!stream.age_is_known) continue;
        if (stream.read_us == 0)
            return {fmt::format("{}, stream {} was not read yet", who, stream.name), true};
        if (now_us - stream.read_us > limit_us)
            return {fmt::format(
                "{}, stream {} was read {} minutes ago, age_minutes_max is {}", who, stream.name,
                minutes(stream.read_us), age_max.count()
            )};
    }
    if (source.received_us == 0) return {who + " was sent nothing yet", true};
    if (source.received_us > 0 && now_us - source.received_us > limit_us)
        return {fmt::format(
            "{} was sent its last message {} minutes ago, age_minutes_max is {}", who,
            minutes(source.received_us), age_max.count()
        )};
    return {};
}

}  // namespace mis::gateway
