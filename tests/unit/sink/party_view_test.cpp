// X3: the view of a payer's party is full of holes by nature; `previoussequence` lets its receiver
// tell a hole from a loss.
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <random>

#include "base/log.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "sink/file_sink.hpp"
#include "sink/outbox_queue.hpp"
#include "sink/webhook_sink.hpp"
#include "support/temporary_folder.hpp"
#include "unit/outbox/invented_events.hpp"
#include "unit/sink/test_receiver.hpp"

using namespace mis;
using namespace mis::test;
using outbox::testing::performed;

namespace {

constexpr const char* kOurs = "Страховая Тест";

struct Received {
    std::string key, sequence, previous;
};

// What a careful receiver does, and all that it can know: it compares each event with the last one
// that it took of the key. Repeats are dropped.
class CarefulReader {
  public:
    enum class Found { fine, repeat, gap };
    Found take(const Received& event) {
        const auto last = last_.find(event.key);
        if (last != last_.end() && event.sequence <= last->second) return Found::repeat;
        const std::string before = last == last_.end() ? nothing(event.sequence) : last->second;
        last_[event.key] = event.sequence;
        return event.previous == before ? Found::fine : Found::gap;
    }

  private:
    static std::string nothing(const std::string& sequence) {  // 14 zeros behind the epoch
        return sequence.substr(0, 6) + std::string(14, '0');
    }
    std::map<std::string, std::string> last_;
};

std::size_t gaps_in(const std::vector<Received>& events, std::optional<std::size_t> dropped = {}) {
    CarefulReader reader;
    std::size_t gaps = 0;
    for (std::size_t i = 0; i < events.size(); ++i)
        if (i != dropped) gaps += reader.take(events[i]) == CarefulReader::Found::gap ? 1 : 0;
    return gaps;
}

// Whatever single event is lost, the next one of its key tells.
void check_every_loss_is_noticed(const std::vector<Received>& events) {
    CHECK(gaps_in(events) == 0);
    std::size_t noticed = 0;
    for (std::size_t lost = 0; lost < events.size(); ++lost) {
        bool followed = false;
        for (std::size_t later = lost + 1; later < events.size(); ++later)
            followed = followed || events[later].key == events[lost].key;
        CHECK(gaps_in(events, lost) == (followed ? 1 : 0));
        noticed += followed ? 1 : 0;
    }
    CHECK(noticed > events.size() / 2);
}

// Events of three parties and of none, in many change sets of some keys.
void append_some(outbox::testing::StoreFile& store, std::mt19937& random, int from, int count) {
    static const char* const kParties[] = {"", kOurs, "Другая", ""};
    for (int i = from; i < from + count;) {
        std::vector<domain::Event> set;
        for (auto left = 1 + random() % 4; left > 0; --left, ++i) {
            set.push_back(performed(static_cast<int>(random() % 5), 1000 + i, i));
            set.back().party = kParties[random() % 4];
        }
        store.append(set);
    }
}

}  // namespace

TEST_CASE("X3: a webhook sink of a party: no loss stays unnoticed, across restarts and batches") {
    log::set_level(log::Level::off);
    outbox::testing::StoreFile store;
    FakeClock clock;
    std::mt19937 random(5);
    std::vector<Received> received;  // the server's thread, then ours
    TestReceiver receiver(clock.unix_us() / 1'000'000, [&](const Delivery& delivery) {
        for (std::size_t i = 0; i < delivery.ids.size(); ++i)
            received.push_back({delivery.keys[i], delivery.sequences[i], delivery.previous[i]});
        return status(200);
    });
    store.register_sink("insurer");
    for (int life = 0; life < 6; ++life) {
        store.reopen();  // nothing that was counted is in memory only
        append_some(store, random, life * 60, 60);
        outbox::DeliverySettings settings;
        settings.sink = "insurer";
        settings.party = kOurs;
        outbox::Delivery delivery(*store.reader, settings, clock);
        sink::OutboxQueue queue(delivery, "clinic-1");
        net::HttpClient client;
        sink::WebhookOptions options;
        options.url = receiver.url();
        options.secrets = {test_secret()};
        options.batch_events_max = life % 2 == 0 ? 1 : 7;
        options.parallel = 1;
        sink::WebhookSink sink("insurer", options, queue, client, clock);
        while (delivery.figures().pending > 0) {
            sink.turn();
            if (sink.status().in_flight > 0) sink.wait(std::chrono::seconds(10));
        }
        store.record(delivery);
    }
    CHECK(received.size() > 50);
    CHECK(received.size() < 200);  // the others' events never came
    check_every_loss_is_noticed(received);
}

TEST_CASE("X3: a file sink of a party likewise, and the whole view needs no such thing") {
    log::set_level(log::Level::off);
    outbox::testing::StoreFile store;
    FakeClock clock;
    std::mt19937 random(6);
    append_some(store, random, 0, 200);
    const auto lines_of = [&](const char* name, const std::string& party) {
        const TemporaryFolder folder;
        store.register_sink(name);
        outbox::Delivery delivery(*store.reader, {name, party}, clock);
        sink::OutboxQueue queue(delivery, "clinic-1");
        sink::FileOptions options;
        options.folder = folder.path / "events";
        sink::FileSink sink(name, options, queue, clock);
        while (delivery.figures().pending > 0) sink.turn();
        const std::string text = platform::read_file(options.folder / "events-000001.jsonl");
        std::vector<Received> events;
        for (const auto line : split(text, '\n'))
            if (!line.empty()) {
                const Json event = parse_json(line).value();
                events.push_back(
                    {event.at("partitionkey"), event.at("sequence"),
                     event.value("previoussequence", "")}
                );
            }
        return events;
    };
    check_every_loss_is_noticed(lines_of("insurer", kOurs));
    check_every_loss_is_noticed(lines_of("other", "Другая"));
    const auto everything = lines_of("archive", "");
    CHECK(everything.size() >= 200);
    for (const auto& event : everything) CHECK(event.previous.empty());
}

TEST_CASE("X3: an event that concerns a party in part reaches its sinks with that part alone") {
    log::set_level(log::Level::off);
    outbox::testing::StoreFile store;
    FakeClock clock;
    const auto whole = performed(1, 7, 100).data;
    const auto part = performed(1, 7, 42).data;
    auto partly = performed(1, 7, 100);
    partly.views = {{kOurs, part}, {"Другая", performed(1, 7, 43).data}};
    auto ours = performed(1, 8, 8);
    ours.party = kOurs;
    store.append({performed(1, 6, 6), partly, ours, partly});
    store.reopen();
    const auto seen_by = [&](const char* name, const std::string& party) {
        store.register_sink(name);
        outbox::Delivery delivery(*store.reader, {name, party}, clock);
        auto claims = delivery.claim(10, outbox::PerKey::run);
        for (const auto& claim : claims) delivery.settle(claim.token, outbox::Outcome::delivered);
        CHECK(delivery.figures().pending == 0);
        return claims;
    };
    const auto sequence = [](std::uint64_t number) { return outbox::sequence_text(1, number); };
    const auto insurer = seen_by("insurer", kOurs);
    REQUIRE(insurer.size() == 3);
    CHECK(insurer[0].event->data == part.text());
    CHECK(insurer[0].event->previous_sequence == sequence(0));
    CHECK(insurer[1].event->previous_sequence == sequence(2));
    CHECK(insurer[2].event->data == part.text());
    CHECK(insurer[2].event->previous_sequence == sequence(3));
    const auto other = seen_by("other", "Другая");
    REQUIRE(other.size() == 2);
    CHECK(other[0].event->data != part.text());
    CHECK(other[1].event->previous_sequence == sequence(2));
    CHECK(seen_by("third", "Третья").empty());
    const auto everything = seen_by("archive", "");
    REQUIRE(everything.size() == 4);
    CHECK(everything[1].event->data == whole.text());
    CHECK(everything[1].event->id == insurer[0].event->id);
}

TEST_CASE("X3: what was set apart or refused before a sink was bound to a party stays unsent") {
    log::set_level(log::Level::off);
    outbox::testing::StoreFile store;
    FakeClock clock;
    auto ours = performed(1, 2, 2);
    ours.party = kOurs;
    store.append({performed(1, 1, 1), performed(2, 3, 3), ours});
    store.register_sink("insurer");
    {
        outbox::Delivery delivery(*store.reader, {"insurer", ""}, clock);
        for (int round = 0; round < 8; ++round) {
            for (const auto& claim : delivery.claim(10, outbox::PerKey::one)) {
                const bool poison = claim.event->position == 2;
                const bool stub = claim.event->type == "event.withheld";
                delivery.settle(
                    claim.token, stub     ? outbox::Outcome::delivered
                                 : poison ? outbox::Outcome::rejected
                                          : outbox::Outcome::failed
                );
            }
            clock.advance(std::chrono::hours(1));
        }
        store.record(delivery);
    }
    {
        sqlite::Transaction transaction(*store.writer);
        outbox::retry_dead_letter(transaction, "insurer", 2);
        transaction.commit();
    }
    store.reopen();
    outbox::Delivery delivery(*store.reader, {"insurer", kOurs}, clock);
    std::vector<std::int64_t> sent;
    for (auto claims = delivery.claim(10, outbox::PerKey::run); !claims.empty();
         claims = delivery.claim(10, outbox::PerKey::run))
        for (const auto& claim : claims) {
            sent.push_back(claim.event->position);
            delivery.settle(claim.token, outbox::Outcome::delivered);
        }
    CHECK(sent == std::vector<std::int64_t>{3});
    store.record(delivery);
    CHECK(delivery.figures().pending == 0);
}

TEST_CASE(
    "X3: a dead letter keeps its place in the view, and so does its retry; a new epoch begins anew"
) {
    outbox::testing::StoreFile store;
    FakeClock clock;
    const auto ours = [&](int procedure) {
        auto event = performed(1, procedure, procedure);
        event.party = kOurs;
        return event;
    };
    store.append({ours(1), performed(1, 2, 2), ours(3), ours(4)});
    store.register_sink("insurer");
    const auto sequence = [](std::uint64_t number) { return outbox::sequence_text(1, number); };
    {
        outbox::Delivery delivery(*store.reader, {"insurer", kOurs}, clock);
        auto claims = delivery.claim(10, outbox::PerKey::run);
        REQUIRE(claims.size() == 3);
        CHECK(claims[0].event->previous_sequence == sequence(0));
        CHECK(claims[1].event->previous_sequence == sequence(1));
        CHECK(claims[2].event->previous_sequence == sequence(3));
        delivery.settle(claims[0].token, outbox::Outcome::delivered);
        delivery.settle(claims[1].token, outbox::Outcome::rejected, "poison");
        delivery.settle(claims[2].token, outbox::Outcome::returned);
        claims = delivery.claim(10, outbox::PerKey::run);
        REQUIRE(claims.size() == 2);
        CHECK(claims[0].event->type == "event.withheld");
        CHECK(claims[0].event->previous_sequence == sequence(1));
        for (const auto& claim : claims) delivery.settle(claim.token, outbox::Outcome::delivered);
        store.record(delivery);
    }
    {
        sqlite::Transaction transaction(*store.writer);
        CHECK(outbox::retry_dead_letter(transaction, "insurer", 3));
        transaction.commit();
    }
    store.reopen(2);
    store.append({ours(5)});
    outbox::Delivery delivery(*store.reader, {"insurer", kOurs}, clock);
    std::map<std::int64_t, std::string> previous;
    for (const auto& claim : delivery.claim(10, outbox::PerKey::run))
        previous[claim.event->position] = claim.event->previous_sequence;
    CHECK(previous.at(3) == sequence(1));
    CHECK(previous.at(5) == outbox::sequence_text(2, 0));
}
