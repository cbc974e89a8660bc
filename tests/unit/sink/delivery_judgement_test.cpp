// The parts that judge a receiver: its size limit, its Retry-After, poison or outage.
#include <doctest/doctest.h>

#include "net/retry_after.hpp"
#include "sink/batch_size.hpp"
#include "sink/gzip_use.hpp"
#include "sink/poison_judge.hpp"

using namespace mis;
using namespace mis::sink;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

std::optional<net::AskedWait> asked(
    const std::string& value, std::int64_t now_s, const std::string& date = ""
) {
    net::Headers headers{{"retry-after", value}};
    if (!date.empty()) headers.emplace_back("Date", date);
    return net::retry_after(headers, now_s);
}

// A receiver that takes `works(size)`; what is offered is as many events as there are, 100 bytes
// each, at most what the size allows. Returns how many requests failed.
struct Trial {
    BatchSize size{{100, 500'000}};
    nanoseconds now{0};
    int failed = 0;
    std::size_t sent = 0;

    template <typename Works>
    void run(int requests, std::size_t event_bytes, Works works) {
        for (int i = 0; i < requests; ++i, now += seconds(1)) {
            const auto limit = size.limit();
            const std::size_t by_bytes = std::max<std::size_t>(1, limit.bytes / event_bytes);
            const BatchSize::Size batch{
                std::min(limit.events, by_bytes), std::min(limit.events, by_bytes) * event_bytes};
            if (works(batch)) {
                size.passed(batch, now);
                sent += batch.events;
            } else {
                size.failed(batch, now);
                ++failed;
            }
        }
    }
};

}  // namespace

TEST_CASE("Retry-After: every form of RFC 9110, from now or by the answer's own clock") {
    constexpr std::int64_t kThen = 784'111'777;
    CHECK(asked("120", 0)->wait == seconds(120));
    CHECK(asked(" 0 ", 0)->wait == seconds(0));
    for (const char* form :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
          "Sun Nov  6 08:49:37 1994", "Sun Nov 06 08:49:37 1994"}) {
        CAPTURE(form);
        CHECK(asked(form, kThen - 60)->wait == seconds(60));
        CHECK(asked(form, kThen + 60)->wait == seconds(0));
        CHECK(asked(form, 0, "Sun, 06 Nov 1994 08:49:30 GMT")->wait == seconds(7));
    }
    for (const char* huge : {"99999999", "99999999999999999999", "Sun, 06 Nov 9990 08:49:37 GMT"}) {
        CHECK(asked(huge, kThen)->wait == net::kLongestWait);
        CHECK(asked(huge, kThen)->is_cut);
        CHECK(net::wait_text(*asked(huge, kThen)).find("or more") != std::string::npos);
    }
    CHECK_FALSE(asked("86400", 0)->is_cut);
    for (const char* none : {"", "soon", "-5", "1e3", "12:30", "Sun, 99 Foo 1994 08:49:37 GMT"})
        CHECK_FALSE(asked(none, 0));
    CHECK_FALSE(net::retry_after({}, 0));
}

TEST_CASE("batch size: a limit in events is found and kept, with few failures") {
    Trial trial;
    trial.run(300, 100, [](auto batch) { return batch.events <= 50; });
    CHECK(trial.size.limit().events == 50);
    CHECK(trial.failed <= 3);
    CHECK(trial.sent >= 290 * 50);
}

TEST_CASE("batch size: a limit in bytes is found; small events travel in large numbers again") {
    Trial trial;
    const auto works = [](auto batch) { return batch.bytes <= 60'000; };
    trial.run(50, 5'000, works);
    CHECK(trial.size.limit().bytes <= 60'000);
    CHECK(trial.failed <= 8);
    const int before = trial.failed;
    trial.run(20, 100, works);
    CHECK(trial.size.limit().events == 100);
    CHECK(trial.failed == before);
}

TEST_CASE("batch size: after an outage the full size is back within a few requests") {
    Trial trial;
    trial.run(10, 100, [](auto) { return true; });
    trial.run(20, 100, [](auto) { return false; });
    CHECK(trial.size.limit().events == 1);
    trial.run(8, 100, [](auto) { return true; });
    CHECK(trial.size.limit().events == 100);
    trial.run(8, 5'000, [](auto) { return true; });
    CHECK(trial.size.limit().bytes == 500'000);
}

TEST_CASE("batch size: a receiver that takes more again is noticed") {
    Trial trial;
    trial.run(100, 100, [](auto batch) { return batch.events <= 10; });
    CHECK(trial.size.limit().events <= 10);
    trial.now += std::chrono::hours(7);
    trial.run(20, 100, [](auto) { return true; });
    CHECK(trial.size.limit().events == 100);
}

TEST_CASE("gzip is given up for a day, at once for a refusal, the second time for a failure") {
    GzipUse gzip(1);
    CHECK(gzip.level(seconds(5)) == 1);
    CHECK_FALSE(gzip.is_proven(seconds(5)));
    gzip.packed_was_taken(seconds(5));
    CHECK(gzip.is_proven(minutes(59)));
    CHECK_FALSE(gzip.is_proven(minutes(61)));
    CHECK_FALSE(gzip.unpacked_was_taken_instead(GzipUse::Cause::failure, minutes(70)));
    CHECK(gzip.level(minutes(70)) == 1);
    CHECK(gzip.unpacked_was_taken_instead(GzipUse::Cause::failure, minutes(71)));
    CHECK(gzip.level(minutes(72)) == 0);
    CHECK(gzip.level(std::chrono::hours(26)) == 1);
    CHECK(gzip.unpacked_was_taken_instead(GzipUse::Cause::refusal, std::chrono::hours(26)));
    CHECK(gzip.level(std::chrono::hours(27)) == 0);
}

TEST_CASE("poison: refused by content, it needs that another event was taken since") {
    using Refusal = PoisonJudge::Refusal;
    PoisonJudge judge;
    const auto since = judge.begin(seconds(1));
    for (int i = 0; i < 50; ++i)  // nothing was ever taken: the receiver is the trouble
        CHECK_FALSE(judge.is_poison("a", Refusal::of_content, since, minutes(i)));
    judge.taken(minutes(51));
    CHECK(judge.is_poison("a", Refusal::of_content, since, minutes(51)));
    CHECK_FALSE(judge.is_poison("b", Refusal::of_content, judge.begin(minutes(52)), minutes(52)));
    judge.taken(minutes(53));
    CHECK(judge.is_poison("b", Refusal::of_content, judge.begin(minutes(53)), minutes(53)));
}

TEST_CASE("poison: refused by what is said to everybody, ten times while others pass") {
    using Refusal = PoisonJudge::Refusal;
    PoisonJudge judge;
    const auto since = judge.begin(seconds(0));
    judge.taken(seconds(1));
    for (int i = 1; i < 10; ++i)
        CHECK_FALSE(judge.is_poison("a", Refusal::of_everybody, since, seconds(i)));
    CHECK(judge.is_poison("a", Refusal::of_everybody, since, seconds(10)));
    judge.settled("a");
    for (int i = 0; i < 20; ++i)  // the last one was taken more than an hour ago
        CHECK_FALSE(judge.is_poison("b", Refusal::of_everybody, since, minutes(61 + i)));
}

TEST_CASE("poison: where nothing else waits, time has to tell; many refused are an outage") {
    using Refusal = PoisonJudge::Refusal;
    PoisonJudge judge;
    judge.taken(seconds(0));
    const auto since = judge.begin(seconds(1));
    for (int i = 0; i < 20; ++i)
        CHECK_FALSE(judge.is_poison("a", Refusal::of_everybody, since, seconds(1 + i)));
    CHECK(judge.is_poison("a", Refusal::of_everybody, since, minutes(11)));
    for (const char* id : {"b", "c", "d"})
        judge.is_poison(id, Refusal::of_everybody, judge.begin(minutes(11)), minutes(11));
    for (int i = 0; i < 20; ++i)
        CHECK_FALSE(judge.is_poison("a", Refusal::of_everybody, since, minutes(12 + i)));
}
