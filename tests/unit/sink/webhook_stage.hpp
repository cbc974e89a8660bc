// A webhook sink with what it runs on: a fake clock, a queue in memory, a real client.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "base/log.hpp"
#include "sink/webhook_sink.hpp"
#include "unit/sink/memory_queue.hpp"
#include "unit/sink/test_receiver.hpp"

namespace mis::test {

struct Stage {  // clock, queue, client and the options of one sink
    FakeClock clock;
    MemoryQueue queue{clock};
    net::HttpClient client;
    sink::WebhookOptions options;

    Stage() {
        log::set_level(log::Level::off);
        options.secrets = {test_secret()};
        options.batch_events_max = 10;
        options.parallel = 2;
    }
    std::int64_t now_s() const { return clock.unix_us() / 1'000'000; }
    sink::WebhookSink make(const TestReceiver& receiver) {
        options.url = receiver.url();
        return {"exchange", options, queue, client, clock};
    }

    // Turns until done; while nothing is in flight the fake clock jumps to the next due time.
    // Returns how long that was.
    std::chrono::nanoseconds drive(sink::Sink& sink, const std::function<bool()>& done) {
        const auto begin = clock.steady();
        for (int turn = 0; turn < 5000; ++turn) {
            const auto due = sink.turn();
            if (done()) return clock.steady() - begin;
            if (sink.status().in_flight > 0) {
                sink.wait(std::chrono::seconds(60));
            } else if (due) {
                clock.advance(
                    std::chrono::duration_cast<std::chrono::microseconds>(*due - clock.steady()) +
                    std::chrono::microseconds(1)
                );
            } else {
                FAIL("the sink waits for nothing, and is not done");
            }
        }
        FAIL("not done after 5000 turns");
        return {};
    }
    std::chrono::nanoseconds drain(sink::Sink& sink) {
        return drive(sink, [&] { return queue.pending() == 0; });
    }
    void add(int count, int keys) {
        for (int i = 0; i < count; ++i)
            queue.add(
                "e" + std::to_string(i), "patient/" + std::to_string(i % keys),
                std::string(200, 'x')
            );
    }
};

inline void check_order(const TestReceiver& receiver, int keys) {
    for (int key = 0; key < keys; ++key) {
        int last = -1;
        for (const auto& id : receiver.order_of("patient/" + std::to_string(key))) {
            const int number = std::stoi(id.substr(id.find('e') + 1));
            CHECK(number > last);
            last = number;
        }
    }
}

}  // namespace mis::test
