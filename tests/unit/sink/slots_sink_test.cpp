// The slots sink against a real server, on a fake clock: when it sends, what it makes of answers.
#include "sink/slots/slots_sink.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <mutex>

#include "base/log.hpp"
#include "disclosure/slot_table.hpp"
#include "net/http_server.hpp"

namespace slots_sink_test {
using namespace mis;
using namespace std::chrono_literals;
using sink::Health;

class Aggregator {  // counts what came, answers as the test says
  public:
    using Answer = std::function<net::ServerAnswer(const std::string& body, int nth)>;
    explicit Aggregator(Answer answer)
        : answer_(std::move(answer)), server_({}, [this](auto request, auto respond) {
              int nth = 0;
              {
                  const std::lock_guard lock(mutex_);
                  bodies_.push_back(request.body);
                  nth = static_cast<int>(bodies_.size());
              }
              respond(answer_(request.body, nth));
          }) {}
    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
    std::vector<std::string> bodies() const {
        const std::lock_guard lock(mutex_);
        return bodies_;
    }
    std::string order() const {  // the doctors' ids, as they came
        std::string text;
        for (const auto& body : bodies())
            text += Json::parse(body)["doctor"].get<std::string>() + " ";
        return text;
    }

  private:
    Answer answer_;
    mutable std::mutex mutex_;
    std::vector<std::string> bodies_;
    net::HttpServer server_;
};

net::ServerAnswer answer(int status, std::string body, net::Headers headers = {}) {
    net::ServerAnswer made;
    made.status = status;
    made.content_type = "application/json";
    made.body = std::move(body);
    made.headers = std::move(headers);
    return made;
}
net::ServerAnswer good() { return answer(200, R"({"result":true})"); }

class Snapshots final : public sink::SlotSnapshots {
  public:
    explicit Snapshots(const Clock& clock) : clock_(clock) {}
    std::optional<sink::NoSnapshot> doubt;
    int doctors = 3;
    std::vector<std::string> audit;

    tl::expected<sink::SlotSnapshot, sink::NoSnapshot> take() override {
        if (doubt) return tl::unexpected(*doubt);
        std::string table = "source,branch,doctor,their_branch,their_doctor,confirmed\n";
        for (int i = 1; i <= doctors; ++i)
            table += "mis,1,d" + std::to_string(i) + ",B,D" + std::to_string(i) + ",yes\n";
        disclosure::SlotTerms terms;
        terms.now_us = clock_.unix_us();
        terms.days = 1;
        terms.zone_of_branch = [](std::string_view, std::string_view) {
            return *Zone::find("Europe/Moscow");
        };
        auto read = disclosure::parse_slot_table(table, "t");
        return sink::SlotSnapshot{disclosure::disclose_slots({}, *read, terms).leaving, 2};
    }
    void record(const std::string& subject, const std::string& digest) override {
        CHECK(digest.size() == 64);
        audit.push_back(subject);
    }

  private:
    const Clock& clock_;
};

struct Stage {
    FakeClock clock;
    net::HttpClient client;
    Snapshots snapshots{clock};
    sink::SlotsOptions options;

    Stage() {
        log::set_level(log::Level::off);
        options.aggregator = *sink::parse_aggregator(
            "title: invented\nurl: https://example.test\nrequests: each_doctor\npath: /slots\n"
            "answer: json\nexpects: result\nfailures: [error]\n"
            "body: {doctor: \"{doctor}\", times: {each: interval, as: \"{from}\"}}\n",
            "invented.yaml"
        );
        options.headers = {{"Authorization", "Bearer invented-token"}};
        options.every = 15min;
    }
    sink::SlotsSink make(const Aggregator& aggregator) {
        options.url = aggregator.url();
        return {"slots", options, snapshots, client, clock};
    }
    // Turns until done; the fake clock jumps to the next due time. How long that was.
    std::chrono::nanoseconds drive(sink::Sink& sink, const std::function<bool()>& done) {
        const auto begin = clock.steady();
        for (int turn = 0; turn < 5000; ++turn) {
            const auto due = sink.turn();
            if (done()) return clock.steady() - begin;
            if (sink.status().in_flight > 0)
                sink.wait(60s);
            else if (due && *due > clock.steady())
                clock.advance(
                    std::chrono::duration_cast<std::chrono::microseconds>(*due - clock.steady()) +
                    1us
                );
        }
        FAIL("not done after 5000 turns");
        return {};
    }
};

TEST_CASE("a snapshot goes out whole, then again after its period, one row of audit each") {
    Aggregator aggregator([](const auto&, int) { return good(); });
    Stage stage;
    auto sink = stage.make(aggregator);
    stage.drive(sink, [&] { return sink.figures().sent_us > 0; });
    CHECK(aggregator.order() == "D1 D2 D3 ");
    CHECK(stage.snapshots.audit.size() == 1);
    CHECK(sink.status().health == Health::working);
    CHECK(sink.figures().doctors == 3);
    CHECK(sink.figures().unmapped == 2);
    const auto first = sink.figures().sent_us;
    const auto waited = stage.drive(sink, [&] { return sink.figures().sent_us > first; });
    CHECK(waited >= 15min);
    CHECK(waited < 16min);
    CHECK(aggregator.order() == "D1 D2 D3 D1 D2 D3 ");
    CHECK(stage.snapshots.audit.size() == 2);
    CHECK(sink.status().attempts_delivered == 6);
}

TEST_CASE("while the times are in doubt nothing is sent, and it is told at once or, of a pass, late"
) {
    Aggregator aggregator([](const auto&, int) { return good(); });
    Stage stage;
    auto sink = stage.make(aggregator);
    stage.snapshots.doubt = sink::NoSnapshot{"source mis is being read", true};
    sink.turn();
    CHECK(sink.status().health == Health::working);
    const auto until_told =
        stage.drive(sink, [&] { return sink.status().health == Health::failing; });
    CHECK(until_told >= 10min);
    CHECK(sink.status().reason == "nothing is sent: source mis is being read");
    stage.snapshots.doubt.reset();
    stage.drive(sink, [&] { return sink.figures().sent_us > 0; });
    CHECK(sink.status().health == Health::working);

    stage.snapshots.doubt = sink::NoSnapshot{"stream shift cannot be read", false};
    const auto told = stage.drive(sink, [&] { return sink.status().health == Health::failing; });
    CHECK(told < 16min);
    CHECK(aggregator.bodies().size() == 3);
    CHECK(stage.snapshots.audit.size() == 1);
}

TEST_CASE("no confirmed line: nothing is sent and it is said") {
    Aggregator aggregator([](const auto&, int) { return good(); });
    Stage stage;
    stage.snapshots.doctors = 0;
    auto sink = stage.make(aggregator);
    sink.turn();
    CHECK(sink.status().health == Health::failing);
    CHECK(sink.status().reason.find("no line of table_file is confirmed") != std::string::npos);
    CHECK(aggregator.bodies().empty());
}

TEST_CASE("an error inside a 2xx is a refusal: told, the others go on, tried again next time") {
    Aggregator aggregator([](const std::string& body, int nth) {
        if (nth <= 3 && body.find("D2") != std::string::npos)
            return answer(200, R"({"error":{"code":-32602,"message":"unknown doctor"}})");
        return good();
    });
    Stage stage;
    auto sink = stage.make(aggregator);
    stage.drive(sink, [&] { return sink.figures().sent_us > 0; });
    CHECK(aggregator.order() == "D1 D2 D3 ");
    CHECK(sink.status().health == Health::failing);
    CHECK(
        sink.status().reason ==
        "1 of 3 requests refused: doctor D2 of branch B: says error: unknown doctor"
    );
    CHECK(sink.figures().refused == 1);
    const auto first = sink.figures().sent_us;
    stage.drive(sink, [&] { return sink.figures().sent_us > first; });
    CHECK(sink.status().health == Health::working);
}

TEST_CASE("an answer that says nothing is no yes") {
    for (const std::string body : {"", "<html>ok</html>", "{}", "[]", R"({"result"})"}) {
        Aggregator aggregator([&](const auto&, int) { return answer(200, body); });
        Stage stage;
        auto sink = stage.make(aggregator);
        stage.drive(sink, [&] { return sink.status().health == Health::failing; });
        CHECK(sink.figures().sent_us == 0);
        CHECK(sink.status().reason.starts_with("3 of 3 requests refused"));
    }
}

TEST_CASE("Retry-After is waited for, and then a new snapshot goes on where it stopped") {
    Aggregator aggregator([](const auto&, int nth) {
        if (nth == 2) return answer(429, "slow down", {{"Retry-After", "120"}});
        return good();
    });
    Stage stage;
    auto sink = stage.make(aggregator);
    const auto took = stage.drive(sink, [&] { return sink.figures().sent_us > 0; });
    CHECK(took >= 120s);
    CHECK(took < 130s);
    CHECK(aggregator.order() == "D1 D2 D2 D3 ");
    CHECK(stage.snapshots.audit.size() == 2);
    CHECK(sink.status().attempts_throttled == 1);
}

TEST_CASE("a doctor whose request fails again and again does not hold the others") {
    Aggregator aggregator([](const std::string& body, int) {
        return body.find("D1") != std::string::npos ? answer(500, "oops") : good();
    });
    Stage stage;
    auto sink = stage.make(aggregator);
    stage.drive(sink, [&] { return sink.figures().sent_us > 0; });
    CHECK(aggregator.order() == "D1 D1 D1 D2 D3 ");
    CHECK(sink.status().reason.find("doctor D1 of branch B: HTTP 500: oops") != std::string::npos);
}

TEST_CASE("a token that comes back in an answer, or a number in it, is not shown") {
    for (const std::string said :
         {"no such key invented-token", "call +7 900 000-00-01", "write to a@example.test"}) {
        Aggregator aggregator([&](const auto&, int) { return answer(403, said); });
        Stage stage;
        auto sink = stage.make(aggregator);
        stage.drive(sink, [&] { return sink.status().health == Health::failing; });
        const auto reason = sink.status().reason;
        CHECK(reason.find("token_file") != std::string::npos);
        CHECK(reason.find(said) == std::string::npos);
        CHECK(reason.find("not shown") != std::string::npos);
    }
}

TEST_CASE("a snapshot gets old while a slow aggregator takes it: then a new one is taken") {
    Stage* used = nullptr;
    std::mutex mutex;
    Aggregator aggregator([](const auto&, int) { return good(); });
    Stage stage;
    used = &stage;
    auto sink = stage.make(aggregator);
    std::size_t answered = 0;
    stage.drive(sink, [&] {
        const std::lock_guard lock(mutex);
        if (aggregator.bodies().size() > answered) {  // each takes its 70 seconds
            answered = aggregator.bodies().size();
            used->clock.advance(70s);
        }
        return sink.figures().sent_us > 0;
    });
    CHECK(aggregator.order() == "D1 D2 D3 ");
    CHECK(stage.snapshots.audit.size() >= 2);
}

TEST_CASE("nobody there: tried again with growing pauses, never given up") {
    Stage stage;
    std::string url;
    {
        Aggregator gone([](const auto&, int) { return good(); });
        url = gone.url();
    }
    stage.options.url = url;
    sink::SlotsSink sink{"slots", stage.options, stage.snapshots, stage.client, stage.clock};
    stage.drive(sink, [&] { return sink.status().attempts_unavailable >= 5; });
    CHECK(sink.status().health == Health::failing);
    CHECK(sink.figures().sent_us == 0);
    CHECK(stage.snapshots.audit.size() >= 5);
}

}  // namespace slots_sink_test
