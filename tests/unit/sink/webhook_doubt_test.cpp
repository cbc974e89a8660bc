// What it breaks: answers that mean something else than they seem to (an outage that looks like
// poison, a size or a packing that looks like an outage). What it looks for: a good event that is
// given up, a stub that is missing, a sink that never gets on.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "unit/sink/webhook_stage.hpp"

using namespace mis;
using namespace mis::test;
using sink::Health;

namespace {

net::ServerAnswer said(int code, std::string body) {
    auto answer = status(code);
    answer.body = std::move(body);
    return answer;
}

std::size_t packed(const TestReceiver& receiver) {
    std::size_t count = 0;
    for (const auto& delivery : receiver.deliveries()) count += delivery.packed ? 1 : 0;
    return count;
}

bool holds(const Delivery& delivery, const std::string& id) {
    return std::find(delivery.ids.begin(), delivery.ids.end(), id) != delivery.ids.end();
}

}  // namespace

TEST_CASE("a receiver that refuses everything for a while: nothing is set aside, all arrives") {
    for (const int code : {400, 401, 403, 404, 405, 422})
        for (const std::size_t batch : {std::size_t{1}, std::size_t{32}}) {
            CAPTURE(code);
            CAPTURE(batch);
            Stage stage;
            stage.options.batch_events_max = batch;
            std::atomic<bool> mended = false;
            TestReceiver receiver(stage.now_s(), [&](const Delivery&) {
                return status(mended ? 200 : code);
            });
            stage.add(100, 30);
            auto sink = stage.make(receiver);
            const auto waited =
                stage.drive(sink, [&] { return sink.status().attempts_rejected >= 60; });
            CHECK(sink.status().health == Health::failing);
            CHECK(sink.status().reason.find(std::to_string(code)) != std::string::npos);
            CHECK(waited > std::chrono::minutes(1));  // at the pace of the backoff
            mended = true;
            stage.drain(sink);
            CHECK(stage.queue.dead.empty());
            CHECK(receiver.taken().size() == 100);
            check_order(receiver, 30);
            CHECK(sink.status().health == Health::working);
        }
}

TEST_CASE("an event refused by 404 while others pass is poison after ten times, with its stub") {
    Stage stage;
    std::atomic<int> refusals_alone = 0;
    TestReceiver receiver(stage.now_s(), [&](const Delivery& delivery) {
        if (!holds(delivery, "e5")) return status(200);
        refusals_alone += delivery.ids.size() == 1 ? 1 : 0;
        return status(404);
    });
    stage.add(60, 12);
    auto sink = stage.make(receiver);
    stage.drain(sink);
    REQUIRE(stage.queue.dead.size() == 1);
    CHECK(stage.queue.dead.contains("e5"));
    CHECK(refusals_alone >= 10);
    CHECK(receiver.taken().at("stub-e5") == 1);
    CHECK(receiver.taken().size() == 60);
    check_order(receiver, 12);
}

TEST_CASE("a stub that is refused is tried again, and its key's events wait for it") {
    Stage stage;
    std::atomic<bool> mended = false;
    TestReceiver receiver(stage.now_s(), [&](const Delivery& delivery) {
        if (holds(delivery, "e5") || (!mended && holds(delivery, "stub-e5"))) return status(422);
        return status(200);
    });
    stage.add(40, 10);
    auto sink = stage.make(receiver);
    stage.drive(sink, [&] {
        return stage.queue.pending() == 4 && sink.status().attempts_rejected > 20;
    });
    CHECK(stage.queue.dead.size() == 1);
    mended = true;
    stage.drain(sink);
    CHECK(stage.queue.dead.size() == 1);
    CHECK(receiver.taken().at("stub-e5") == 1);
    check_order(receiver, 10);
}

TEST_CASE("a size that fails while smaller ones pass shrinks: same ids, same order, each once") {
    for (const int code : {413, 500, 504, 0}) {
        CAPTURE(code);
        Stage stage;
        stage.options.batch_events_max = 64;
        TestReceiver receiver(stage.now_s(), [&](const Delivery& delivery) {
            auto answer = status(code == 0 ? 200 : code);
            if (delivery.ids.size() <= 20) return status(200);
            if (code == 0) answer.cut_after_bytes = 0;
            return answer;
        });
        stage.add(400, 9);
        auto sink = stage.make(receiver);
        stage.drain(sink);
        std::set<std::string> ids;
        for (const auto& [id, count] : receiver.taken()) ids.insert(id);
        CHECK(ids.size() == 400);
        CHECK(stage.queue.dead.empty());
        CHECK(receiver.deliveries().size() < 70);
        CHECK(sink.status().health == Health::working);
    }
}

TEST_CASE("a receiver that does not unpack gets the same batch unpacked, however it refuses") {
    for (const int code : {400, 403, 404, 415, 422, 500, 502}) {
        CAPTURE(code);
        Stage stage;
        TestReceiver receiver(stage.now_s(), [code](const Delivery& delivery) {
            return status(delivery.packed ? code : 200);
        });
        stage.options.parallel = 1;
        stage.add(90, 3);
        auto sink = stage.make(receiver);
        stage.drain(sink);
        CHECK(receiver.taken().size() == 90);
        CHECK(packed(receiver) == (code < 500 ? 1 : 2));  // 5xx could have been chance, once
        CHECK(stage.queue.dead.empty());
        check_order(receiver, 3);
        stage.clock.advance(std::chrono::hours(25));  // it is tried again, rarely
        for (int i = 0; i < 20; ++i)
            stage.queue.add("n" + std::to_string(i), "k", std::string(200, 'x'));
        stage.drain(sink);
        CHECK(packed(receiver) > (code < 500 ? 1U : 2U));
        CHECK(receiver.taken().size() == 110);
    }
}

TEST_CASE("poison is believed only unpacked, also where packed bodies used to be taken") {
    Stage stage;
    stage.options.parallel = 1;
    stage.options.batch_events_max = 4;
    std::atomic<bool> unpacks = true;
    TestReceiver receiver(stage.now_s(), [&](const Delivery& delivery) {
        return status(delivery.packed && !unpacks ? 400 : 200);
    });
    stage.add(8, 2);
    auto sink = stage.make(receiver);
    stage.drain(sink);
    unpacks = false;
    for (int i = 0; i < 8; ++i)
        stage.queue.add(
            "n" + std::to_string(i), "patient/" + std::to_string(i), std::string(900, 'x')
        );
    stage.drain(sink);
    CHECK(stage.queue.dead.empty());
    CHECK(receiver.taken().size() == 16);
}

TEST_CASE("an answer that cannot be read is unknown; ten equal ones stop the sink, and say why") {
    Stage stage;
    std::atomic<bool> mended = false;
    TestReceiver receiver(stage.now_s(), [&](const Delivery& delivery) {
        return mended ? status(200) : said(200, R"({"rejected":[{"id":")" + delivery.ids[0]);
    });
    stage.add(30, 5);
    auto sink = stage.make(receiver);
    stage.drive(sink, [&] { return sink.status().health == Health::stopped; });
    CHECK(sink.status().attempts_unknown >= 10);
    CHECK(sink.status().attempts_delivered == 0);
    CHECK(sink.status().events_delivered == 0);
    CHECK(stage.queue.stop_reason.find("rejected") != std::string::npos);
    while (sink.status().in_flight > 0) {
        sink.wait(std::chrono::seconds(10));
        sink.turn();
    }
    CHECK_FALSE(stage.queue.anything_claimed());
    mended = true;
    stage.queue.resume();
    stage.drain(sink);
    CHECK(stage.queue.dead.empty());
    CHECK(receiver.taken().size() == 30);
}

TEST_CASE("nine unreadable answers and a readable one: nothing stops") {
    Stage stage;
    stage.options.parallel = 1;
    std::atomic<int> number = 0;
    TestReceiver receiver(stage.now_s(), [&](const Delivery&) {
        return ++number % 10 == 0 ? status(200) : said(200, "rejected?");
    });
    stage.add(30, 5);
    auto sink = stage.make(receiver);
    stage.drain(sink);
    CHECK_FALSE(stage.queue.stopped());
    CHECK(stage.queue.dead.empty());
}

TEST_CASE("a sink that an earlier run stopped says so, and sends nothing") {
    Stage stage;
    TestReceiver receiver(stage.now_s(), [](const Delivery&) { return status(200); });
    stage.add(5, 1);
    stage.queue.stop("the receiver answered nonsense");
    auto sink = stage.make(receiver);
    CHECK_FALSE(sink.turn());
    CHECK(sink.status().health == Health::stopped);
    CHECK(sink.status().reason == "the receiver answered nonsense");
    CHECK(receiver.deliveries().empty());
}
