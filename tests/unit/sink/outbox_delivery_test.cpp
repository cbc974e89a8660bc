#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "base/log.hpp"
#include "sink/outbox_queue.hpp"
#include "sink/webhook_sink.hpp"
#include "unit/outbox/invented_events.hpp"
#include "unit/sink/test_receiver.hpp"

using namespace mis;
using namespace mis::test;
using outbox::testing::performed;

// What it breaks: the receiver fails, lies, resets and refuses at random, and the process is lost
// (store reopened without recording) in the midst of it. What it looks for: an event that never
// arrives, and a key whose first receipts are out of order or have a gap.
TEST_CASE(
    "I2, I4: whatever receiver and process do, every event arrives, in order per key, without gaps"
) {
    log::set_level(log::Level::off);
    for (const std::size_t batch : {std::size_t{1}, std::size_t{25}}) {
        CAPTURE(batch);
        outbox::testing::StoreFile store;
        FakeClock clock;
        constexpr int kEvents = 600;
        constexpr int kKeys = 17;
        std::vector<domain::Event> events;
        for (int i = 0; i < kEvents; ++i) events.push_back(performed(i % kKeys, 1000 + i, i));
        const auto appended = store.append(events, clock.unix_us());
        store.register_sink("exchange");

        std::mt19937 random(7);  // the receiver's thread
        std::mt19937 fate(11);   // this thread
        const std::set<std::string> poison{appended.ids[100], appended.ids[101], appended.ids[333]};
        std::map<std::string, std::vector<std::string>>
            first_receipts;  // key → sequences; the server's thread, then ours
        std::set<std::string> kept;
        TestReceiver receiver(clock.unix_us() / 1'000'000, [&](const Delivery& delivery) {
            for (const auto& id : delivery.ids)
                if (poison.contains(id)) return status(400);
            auto answer = status(200);
            const auto luck = random() % 100;
            if (luck < 15) return status(500);
            for (std::size_t i = 0; i < delivery.ids.size(); ++i)
                if (kept.insert(delivery.ids[i]).second)
                    first_receipts[delivery.keys[i]].push_back(delivery.sequences[i]);
            if (luck < 25) answer.status = 500;
            if (luck >= 25 && luck < 35) answer.cut_after_bytes = 10;
            return answer;
        });
        std::size_t crashes = 0;
        for (bool finished = false; !finished;) {
            outbox::DeliverySettings settings;
            settings.sink = "exchange";
            settings.window_events_max = 128;
            store.reopen();
            outbox::Delivery delivery(*store.reader, settings, clock);
            sink::OutboxQueue queue(delivery, "clinic-1");
            net::HttpClient client;
            sink::WebhookOptions options;
            options.url = receiver.url();
            options.secrets = {test_secret()};
            options.batch_events_max = batch;
            options.parallel = 3;
            sink::WebhookSink sink("exchange", options, queue, client, clock);
            const std::size_t life = crashes == 8 ? 1'000'000
                                     : batch == 1 ? 20 + fate() % 60
                                                  : 2 + fate() % 8;
            for (std::size_t turn = 0; turn < life && !finished; ++turn) {
                const auto due = sink.turn();
                if (turn % 7 == 0) store.record(delivery);
                finished = delivery.figures().pending == 0;
                if (finished) break;
                if (sink.status().in_flight > 0)
                    sink.wait(std::chrono::seconds(10));
                else if (due)
                    clock.advance(
                        std::chrono::seconds(1) +
                        std::chrono::duration_cast<std::chrono::microseconds>(
                            std::max(*due - clock.steady(), std::chrono::nanoseconds(0))
                        )
                    );
            }
            if (finished) {
                store.record(delivery);
                CHECK(delivery.figures().dead_letters == static_cast<std::int64_t>(poison.size()));
            } else {
                ++crashes;
            }
        }
        CHECK(crashes == 8);
        std::size_t total = 0;
        for (const auto& [key, sequences] : first_receipts) {
            total += sequences.size();
            for (std::size_t i = 0; i < sequences.size(); ++i)
                CHECK(sequences[i] == outbox::sequence_text(1, static_cast<std::uint64_t>(i) + 1));
        }
        CHECK(total == kEvents);
        for (std::size_t i = 0; i < appended.ids.size(); ++i)
            CHECK(kept.contains(appended.ids[i]) != poison.contains(appended.ids[i]));
    }
}
