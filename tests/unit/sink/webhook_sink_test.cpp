#include "sink/webhook_sink.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <set>

#include "base/log.hpp"
#include "unit/sink/webhook_stage.hpp"

using namespace mis;
using namespace mis::test;
using sink::Health;
using sink::Outcome;

TEST_CASE("batches arrive once, signed, packed, in order per key") {
    Stage stage;
    TestReceiver receiver(stage.now_s(), [](const Delivery&) { return status(204); });
    stage.add(200, 7);
    auto sink = stage.make(receiver);
    stage.drain(sink);
    CHECK(receiver.taken().size() == 200);
    for (const auto& [id, count] : receiver.taken()) CHECK(count == 1);
    for (const auto& delivery : receiver.deliveries()) {
        CHECK(delivery.verified);
        CHECK(delivery.packed);
        CHECK(delivery.content_type == "application/cloudevents-batch+json");
        CHECK(delivery.ids.size() <= 10);
        CHECK(delivery.webhook_id.find('.') == std::string::npos);
    }
    check_order(receiver, 7);
    CHECK(sink.status().events_delivered == 200);
    CHECK_FALSE(stage.queue.anything_claimed());
}

TEST_CASE("single-event mode: several at once, never two of one key") {
    Stage stage;
    stage.options.batch_events_max = 1;
    stage.options.parallel = 8;
    std::mutex mutex;
    std::multiset<std::string> open;
    std::size_t most = 0;
    bool clash = false;
    std::vector<std::pair<std::string, net::Responder>> held;
    net::HttpServer server({}, [&](net::ServerRequest request, net::Responder respond) {
        const std::string key = parse_json(request.body)->at("partitionkey");
        const std::lock_guard lock(mutex);
        clash = clash || open.contains(key);
        open.insert(key);
        most = std::max(most, open.size());
        held.emplace_back(key, respond);
        if (held.size() < 4) return;
        for (auto& [name, answer] : held) {
            open.erase(open.find(name));
            answer(status(200));
        }
        held.clear();
    });
    stage.add(40, 5);
    stage.options.url = "http://127.0.0.1:" + std::to_string(server.port());
    sink::WebhookSink sink("exchange", stage.options, stage.queue, stage.client, stage.clock);
    stage.drain(sink);
    CHECK_FALSE(clash);
    CHECK(most >= 4);
}

TEST_CASE(
    "a dead receiver: nothing is lost, waits grow, its return is noticed, the change is told once"
) {
    Stage stage;
    std::uint16_t port = 0;
    std::optional<sink::WebhookSink> sink;
    {
        TestReceiver gone(stage.now_s(), [](const Delivery&) { return status(200); });
        port = gone.port();
        sink.emplace(
            "exchange", (stage.options.url = gone.url(), stage.options), stage.queue, stage.client,
            stage.clock
        );
    }
    stage.add(50, 5);
    stage.drive(*sink, [&] { return sink->status().attempts_unavailable >= 12; });
    CHECK(sink->status().health == Health::failing);
    CHECK(sink->status().attempts_unknown == 0);
    CHECK(stage.queue.pending() == 50);
    TestReceiver back(
        stage.now_s(), [](const Delivery&) { return status(200); }, port
    );
    stage.drain(*sink);
    CHECK(sink->status().health == Health::working);
    CHECK(back.taken().size() == 50);
    check_order(back, 5);
}

TEST_CASE(
    "a lying receiver (500 after accepting): the same batch comes again under the same webhook-id"
) {
    Stage stage;
    stage.options.parallel = 1;
    std::atomic<int> lies = 4;
    TestReceiver receiver(stage.now_s(), [&](const Delivery&) {
        return status(lies-- > 0 ? 500 : 200);
    });
    stage.add(20, 3);
    auto sink = stage.make(receiver);
    stage.drain(sink);
    const auto deliveries = receiver.deliveries();
    REQUIRE(deliveries.size() == 6);
    for (int i = 1; i < 5; ++i) {
        CHECK(deliveries[static_cast<std::size_t>(i)].webhook_id == deliveries[0].webhook_id);
        CHECK(deliveries[static_cast<std::size_t>(i)].ids == deliveries[0].ids);
    }
    CHECK(sink.status().attempts_failed == 4);
    CHECK(sink.status().attempts_delivered == 2);
}

TEST_CASE(
    "silence and resets in mid-body are outcomes unknown, counted apart, and repeated with the "
    "same ids"
) {
    Stage stage;
    stage.options.answer_timeout = std::chrono::milliseconds(200);
    std::atomic<int> request = 0;
    TestReceiver receiver(stage.now_s(), [&](const Delivery&) {
        auto answer = status(200);
        answer.body = std::string(2000, ' ');
        switch (request++) {
            case 0:
                answer.delay = std::chrono::milliseconds(600);
                break;
            case 1:
                answer.cut_after_bytes = 300;
                break;
            case 2:
                answer.cut_after_bytes = 0;
                break;
            default:
                break;
        }
        return answer;
    });
    stage.options.parallel = 1;
    stage.add(10, 10);
    auto sink = stage.make(receiver);
    stage.drain(sink);
    CHECK(sink.status().attempts_unknown == 3);
    CHECK(sink.status().attempts_unavailable == 0);
    const auto deliveries = receiver.deliveries();
    REQUIRE(deliveries.size() == 4);
    for (const auto& delivery : deliveries) CHECK(delivery.webhook_id == deliveries[0].webhook_id);
}

TEST_CASE("Retry-After is obeyed by everything, for 429 and 503") {
    for (const int code : {429, 503}) {
        Stage stage;
        std::atomic<bool> asked = false;
        TestReceiver receiver(stage.now_s(), [&](const Delivery&) {
            auto answer = status(200);
            if (asked.exchange(true)) return answer;
            answer.status = code;
            answer.headers.emplace_back("Retry-After", "37");
            return answer;
        });
        stage.options.parallel = 1;
        stage.add(30, 3);
        auto sink = stage.make(receiver);
        const auto waited = stage.drain(sink);
        CHECK(waited >= std::chrono::seconds(37));
        CHECK(waited < std::chrono::seconds(38));
        CHECK(sink.status().attempts_throttled == 1);
        CHECK(receiver.taken().size() == 30);
    }
}

TEST_CASE("410 stops the sink until a human acts; nothing stays claimed; then everything flows") {
    Stage stage;
    std::atomic<bool> gone = true;
    TestReceiver receiver(stage.now_s(), [&](const Delivery&) { return status(gone ? 410 : 200); });
    stage.add(40, 4);
    auto sink = stage.make(receiver);
    stage.drive(sink, [&] {
        return sink.status().health == Health::stopped && sink.status().in_flight == 0;
    });
    CHECK(stage.queue.stop_reason.starts_with("410"));
    CHECK_FALSE(stage.queue.anything_claimed());
    const auto requests = receiver.deliveries().size();
    stage.clock.advance(std::chrono::hours(100));
    CHECK_FALSE(sink.turn());
    CHECK(receiver.deliveries().size() == requests);
    gone = false;
    stage.queue.resume();
    stage.drain(sink);
    CHECK(receiver.taken().size() == 40);
}

TEST_CASE(
    "a poison event is halved out of its batch: a dead letter, its stub in its place, the rest "
    "flows in order"
) {
    Stage stage;
    stage.options.batch_events_max = 64;
    const std::set<std::string> poison{"e17", "e40", "e63"};
    TestReceiver receiver(stage.now_s(), [&](const Delivery& delivery) {
        for (const auto& id : delivery.ids)
            if (poison.contains(id)) return status(422);
        return status(200);
    });
    stage.add(128, 6);
    auto sink = stage.make(receiver);
    stage.drain(sink);
    CHECK(stage.queue.dead.size() == 3);
    for (const auto& id : poison) {
        CHECK(stage.queue.dead.contains(id));
        CHECK(receiver.taken().at("stub-" + id) == 1);
    }
    CHECK(receiver.taken().size() == 128);
    for (const auto& [id, count] : receiver.taken()) CHECK(count == 1);
    check_order(receiver, 6);
    CHECK(sink.status().events_rejected == 3);
    CHECK(sink.status().health == Health::working);
}

TEST_CASE("2xx with a list of rejected ids takes all but these") {
    Stage stage;
    TestReceiver receiver(stage.now_s(), [](const Delivery& delivery) {
        auto answer = status(200);
        for (const auto& id : delivery.ids)
            if (id == "e3")
                answer.body =
                    R"({"rejected":[{"id":"e3","reason":"no such clinic"},{"id":"stranger"}],"ms":1.5})";
        return answer;
    });
    stage.add(20, 4);
    auto sink = stage.make(receiver);
    stage.drain(sink);
    REQUIRE(stage.queue.dead.size() == 1);
    CHECK(stage.queue.dead.at("e3") == "no such clinic");
    CHECK(sink.status().events_rejected == 1);
    CHECK(sink.status().events_delivered == 20);  // the stub among them
}

TEST_CASE("an event that always gets 500 does not hold the others, nor its batch, for ever") {
    for (const std::size_t batch : {std::size_t{1}, std::size_t{10}}) {
        Stage stage;
        stage.options.batch_events_max = batch;
        std::atomic<bool> healed = false;
        TestReceiver receiver(stage.now_s(), [&](const Delivery& delivery) {
            for (const auto& id : delivery.ids)
                if (id == "e5" && !healed) return status(500);
            return status(200);
        });
        stage.add(300, 20);
        auto sink = stage.make(receiver);
        stage.drive(sink, [&] {
            return stage.queue.pending() == 15;
        });  // the poisoned key's events wait for it
        healed = true;
        stage.drain(sink);
        check_order(receiver, 20);
        CHECK(stage.queue.dead.empty());
        CHECK(receiver.taken().size() == 300);
    }
}

TEST_CASE("a receiver without gzip (415) gets the same batch unpacked, and all later ones") {
    Stage stage;
    TestReceiver receiver(stage.now_s(), [](const Delivery& delivery) {
        return status(delivery.packed ? 415 : 200);
    });
    stage.options.parallel = 1;
    stage.add(30, 3);
    auto sink = stage.make(receiver);
    stage.drain(sink);
    CHECK(receiver.deliveries().size() == 4);
    CHECK(stage.queue.dead.empty());
}

TEST_CASE("winding down gives back what waits and finishes what is in flight") {
    Stage stage;
    TestReceiver receiver(stage.now_s(), [](const Delivery&) { return status(500); });
    stage.add(40, 4);
    auto sink = stage.make(receiver);
    stage.drive(sink, [&] { return sink.status().attempts_failed >= 3; });
    while (!sink.wind_down()) sink.wait(std::chrono::seconds(10));
    CHECK_FALSE(stage.queue.anything_claimed());
    CHECK(stage.queue.pending() == 40);
}

TEST_CASE("on its own thread, with the system's clock, a sink delivers what it is woken for") {
    log::set_level(log::Level::off);
    SystemClock clock;
    MemoryQueue queue(clock);
    for (int i = 0; i < 100; ++i)
        queue.add("e" + std::to_string(i), "patient/" + std::to_string(i % 3));
    std::promise<void> all;
    std::atomic<std::size_t> count = 0;
    TestReceiver receiver(clock.unix_us() / 1'000'000, [&](const Delivery& delivery) {
        if ((count += delivery.ids.size()) == 100) all.set_value();
        return status(200);
    });
    net::HttpClient client;
    sink::WebhookOptions options;
    options.url = receiver.url();
    options.secrets = {test_secret()};
    sink::WebhookSink sink("exchange", options, queue, client, clock);
    {
        sink::SinkThread thread(sink, clock);
        all.get_future().wait();
        CHECK(thread.failure().empty());
    }
    CHECK(queue.pending() == 0);
    CHECK(sink.status().events_delivered == 100);
}

TEST_CASE("a sink hears a wake-up while it waits for answers") {
    log::set_level(log::Level::off);
    SystemClock clock;
    MemoryQueue queue(clock);
    queue.add("e0", "patient/0");
    std::promise<net::Responder> first, second;
    std::atomic<int> requests = 0;
    net::HttpServer server({}, [&](net::ServerRequest, net::Responder respond) {
        (requests++ == 0 ? first : second).set_value(respond);
    });
    net::HttpClient client;
    sink::WebhookOptions options;
    options.url = "http://127.0.0.1:" + std::to_string(server.port());
    options.secrets = {test_secret()};
    sink::WebhookSink sink("exchange", options, queue, client, clock);
    {
        sink::SinkThread thread(sink, clock);
        const auto held = first.get_future().get();
        queue.add("e1", "patient/1");
        sink.wake();
        second.get_future().get()(status(200));  // sent although the first is not answered
        held(status(200));
    }
    CHECK(queue.pending() == 0);
}
