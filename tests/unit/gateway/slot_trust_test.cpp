#include "gateway/slot_trust.hpp"

#include <doctest/doctest.h>

#include "base/timestamp.hpp"

namespace slot_trust_test {
using namespace mis;
using namespace mis::gateway;
using namespace std::chrono_literals;

constexpr std::int64_t kNow = 1'772'438'400 * kUsPerSecond;
constexpr std::int64_t kMinute = 60 * kUsPerSecond;

SlotSource read_just_now() {
    SlotSource source;
    source.name = "mis";
    source.streams = {{"shift", "", kNow - kMinute}, {"appointment", "", kNow - 2 * kMinute}};
    return source;
}

TEST_CASE("a source that was read just now is trusted") {
    CHECK(doubt_of(read_just_now(), kNow, 30min).why.empty());
}

TEST_CASE("what makes free times doubtful, and whether it passes by itself") {
    const auto doubt = [](SlotSource source) { return doubt_of(source, kNow, 30min); };
    auto degraded = read_just_now();
    degraded.streams[1].error = "refused";
    CHECK(doubt(degraded).why == "source mis, stream appointment: refused");
    CHECK_FALSE(doubt(degraded).is_brief);

    auto held = read_just_now();
    held.held = {"appointment"};
    CHECK(doubt(held).why.find("stream appointment waits for a decision") != std::string::npos);
    held.held = {""};
    CHECK(doubt(held).why.starts_with("source mis waits for a decision"));

    auto restored = read_just_now();
    restored.awaited = true;
    CHECK_FALSE(doubt(restored).is_brief);

    auto reading = read_just_now();
    reading.in_a_pass = true;
    CHECK(doubt(reading).is_brief);

    auto fresh = read_just_now();
    fresh.streams[0].read_us = 0;
    CHECK(doubt(fresh).is_brief);

    auto old = read_just_now();
    old.streams[0].read_us = kNow - 31 * kMinute;
    CHECK(
        doubt(old).why == "source mis, stream shift was read 31 minutes ago, age_minutes_max is 30"
    );
    old.streams[0].age_is_known = false;  // a command cannot tell
    CHECK(doubt(old).why.empty());
}

TEST_CASE("of a source that is sent its rows the last message counts") {
    auto sent = read_just_now();
    sent.received_us = kNow - 5 * kMinute;
    CHECK(doubt_of(sent, kNow, 30min).why.empty());
    sent.received_us = kNow - 40 * kMinute;
    CHECK(doubt_of(sent, kNow, 30min).why.find("last message 40 minutes ago") != std::string::npos);
    sent.received_us = 0;
    CHECK(doubt_of(sent, kNow, 30min).is_brief);
}

}  // namespace slot_trust_test
