#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "invented_events.hpp"

using namespace mis;
using namespace mis::outbox;
using namespace mis::outbox::testing;

namespace {

std::unique_ptr<Delivery> open_delivery(
    StoreFile& store, const Clock& clock, std::size_t window = 4096
) {
    DeliverySettings settings;
    settings.sink = "exchange";
    settings.window_events_max = window;
    return std::make_unique<Delivery>(*store.reader, settings, clock);
}

std::vector<std::int64_t> positions(const std::vector<Claim>& claims) {
    std::vector<std::int64_t> found;
    for (const auto& claim : claims) found.push_back(claim.event->position);
    return found;
}

void settle_all(Delivery& delivery, const std::vector<Claim>& claims, Outcome outcome) {
    for (const auto& claim : claims) delivery.settle(claim.token, outcome);
}

}  // namespace

TEST_CASE("delivery: one in flight per key, keys beside each other, in order") {
    StoreFile store;
    FakeClock clock;
    store.append(
        {performed(1, 10, 1), performed(1, 11, 1), performed(2, 12, 1), performed(1, 13, 1)}
    );
    store.register_sink("exchange");
    auto delivery = open_delivery(store, clock);
    const auto first = delivery->claim(10, PerKey::one);
    CHECK(positions(first) == std::vector<std::int64_t>{1, 3});
    CHECK(delivery->claim(10, PerKey::one).empty());
    settle_all(*delivery, first, Outcome::delivered);
    const auto second = delivery->claim(10, PerKey::one);
    CHECK(positions(second) == std::vector<std::int64_t>{2});
    settle_all(*delivery, second, Outcome::delivered);
    CHECK(delivery->figures().pending == 1);
    store.record(*delivery);

    store.reopen();  // what was recorded is not sent again
    delivery = open_delivery(store, clock);
    CHECK(positions(delivery->claim(10, PerKey::one)) == std::vector<std::int64_t>{4});
}

TEST_CASE("delivery: a batch takes runs of a key in the outbox's order") {
    StoreFile store;
    FakeClock clock;
    store.append(
        {performed(1, 10, 1), performed(1, 11, 1), performed(2, 12, 1), performed(1, 13, 1),
         performed(2, 14, 1)}
    );
    store.register_sink("exchange");
    auto delivery = open_delivery(store, clock);
    const auto batch = delivery->claim(4, PerKey::run);
    CHECK(positions(batch) == std::vector<std::int64_t>{1, 2, 3, 4});
    CHECK(delivery->claim(4, PerKey::run).empty());  // 5 waits: its key is in flight
    settle_all(*delivery, batch, Outcome::returned);
    CHECK(positions(delivery->claim(10, PerKey::run)) == std::vector<std::int64_t>{1, 2, 3, 4, 5});
}

TEST_CASE("delivery: a failed key waits for its backoff, the others flow") {
    StoreFile store;
    FakeClock clock;
    store.append({performed(1, 10, 1), performed(2, 11, 1), performed(1, 12, 1)});
    store.register_sink("exchange");
    auto delivery = open_delivery(store, clock);
    const auto claims = delivery->claim(10, PerKey::one);
    delivery->settle(claims[0].token, Outcome::unknown, "no answer");
    delivery->settle(claims[1].token, Outcome::delivered);
    CHECK(delivery->claim(10, PerKey::one).empty());
    REQUIRE(delivery->next_retry());
    CHECK(*delivery->next_retry() <= clock.steady() + std::chrono::seconds(1));
    CHECK(delivery->figures().unknown == 1);
    CHECK(delivery->figures().failed == 0);
    clock.advance(std::chrono::seconds(1));
    const auto again = delivery->claim(10, PerKey::one);
    REQUIRE(positions(again) == std::vector<std::int64_t>{1});
    CHECK(again[0].attempts == 1);
    CHECK(again[0].event->id == claims[0].event->id);
    delivery->settle(again[0].token, Outcome::failed, "503", 60'000'000);
    clock.advance(std::chrono::seconds(59));
    CHECK(delivery->claim(10, PerKey::one).empty());
    delivery->retry_now();
    CHECK(positions(delivery->claim(10, PerKey::one)) == std::vector<std::int64_t>{1});
}

TEST_CASE(
    "delivery: a key that never gets through holds neither the others nor the low-water mark, also "
    "across a restart"
) {
    StoreFile store;
    FakeClock clock;
    store.register_sink("exchange");
    for (int i = 0; i < 50; ++i)
        store.append({performed(1, 1000 + i, 1), performed(2 + i, 2000 + i, 1)});
    auto delivery = open_delivery(store, clock, 8);
    std::set<std::int64_t> taken;
    for (int round = 0; round < 200; ++round) {
        for (const auto& claim : delivery->claim(4, PerKey::one)) {
            const bool stuck = claim.event->partition_key == "patient/" + pseudonym(1);
            delivery->settle(claim.token, stuck ? Outcome::failed : Outcome::delivered);
            if (!stuck) taken.insert(claim.event->position);
        }
        clock.advance(std::chrono::seconds(1));
        if (round % 10 == 0) store.record(*delivery);
    }
    CHECK(taken.size() == 50);
    CHECK(delivery->figures().pending == 50);
    store.record(*delivery);
    {
        sqlite::Transaction transaction(*store.writer);
        CHECK(prune(transaction, 1'000'000'000, 0) == 0);  // the stuck key still needs them
        transaction.commit();
    }

    store.reopen();
    delivery = open_delivery(store, clock, 8);
    CHECK(delivery->figures().pending == 50);
    std::vector<std::int64_t> order;
    for (int round = 0; round < 200; ++round) {
        for (const auto& claim : delivery->claim(4, PerKey::one)) {
            order.push_back(claim.event->position);
            delivery->settle(claim.token, Outcome::delivered);
        }
    }
    CHECK(order.size() == 50);
    CHECK(std::is_sorted(order.begin(), order.end()));
    CHECK(delivery->figures().pending == 0);
    store.record(*delivery);
    sqlite::Transaction transaction(*store.writer);
    CHECK(prune(transaction, 1'000'000'000, 0) == 100);
}

TEST_CASE(
    "I4: a dead letter leaves a stub with the same sequence in its place, the rest flows, and a "
    "retry sends the original"
) {
    StoreFile store;
    FakeClock clock;
    store.append({performed(1, 10, 1), performed(1, 11, 1)});
    store.register_sink("exchange");
    auto delivery = open_delivery(store, clock);
    const auto poison = delivery->claim(1, PerKey::one).at(0);
    delivery->settle(poison.token, Outcome::rejected, "422 unknown service");
    store.record(*delivery);

    store.reopen();  // the stub is owed, also after a crash
    delivery = open_delivery(store, clock);
    const auto stub = delivery->claim(1, PerKey::one).at(0);
    CHECK(stub.event->type == "event.withheld");
    CHECK(stub.event->sequence == poison.event->sequence);
    CHECK(stub.event->id != poison.event->id);
    CHECK(
        stub.event->data ==
        R"({"reason":"refused by the receiver","type":"mis.procedure.performed.v1"})"
    );
    delivery->settle(stub.token, Outcome::delivered);
    const auto next = delivery->claim(1, PerKey::one).at(0);
    CHECK(next.event->sequence == 2);
    delivery->settle(next.token, Outcome::delivered);
    store.record(*delivery);
    CHECK(delivery->figures().pending == 0);
    CHECK(delivery->figures().dead_letters == 1);

    const auto letters = dead_letters(*store.reader, "exchange", 10);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].reason == "422 unknown service");
    CHECK(letters[0].event.id == poison.event->id);
    {
        sqlite::Transaction transaction(*store.writer);
        CHECK(retry_dead_letter(transaction, "exchange", letters[0].position));
        CHECK_FALSE(retry_dead_letter(transaction, "exchange", 99));
        transaction.commit();
    }
    clock.advance(std::chrono::seconds(2));
    const auto again = delivery->claim(1, PerKey::one).at(0);
    CHECK(again.event->id == poison.event->id);
    delivery->settle(again.token, Outcome::delivered);
    store.record(*delivery);
    CHECK(delivery->figures().dead_letters == 0);
    CHECK(dead_letters(*store.reader, "", 10).at(0).state == "delivered");
}

TEST_CASE(
    "delivery: a replay sends what was delivered once more, same ids, as often as it is asked for"
) {
    StoreFile store;
    FakeClock clock;
    store.append({performed(1, 10, 1), performed(1, 11, 1), performed(2, 12, 1)});
    store.register_sink("exchange");
    auto delivery = open_delivery(store, clock);
    settle_all(*delivery, delivery->claim(10, PerKey::run), Outcome::delivered);
    store.record(*delivery);
    for (int again = 0; again < 2; ++again) {
        CAPTURE(again);
        {
            sqlite::Transaction transaction(*store.writer);
            CHECK(replay(transaction, "exchange", 1, 2).value() == 2);
            CHECK_FALSE(replay(transaction, "nobody", 1, 2));
            transaction.commit();
        }
        clock.advance(std::chrono::seconds(2));
        const auto claims = delivery->claim(10, PerKey::run);
        CHECK(positions(claims) == std::vector<std::int64_t>{1, 2});
        settle_all(*delivery, claims, Outcome::delivered);
        clock.advance(std::chrono::seconds(2));
        CHECK(delivery->claim(10, PerKey::run).empty());  // settled, though not yet recorded
        store.record(*delivery);
    }
}

TEST_CASE(
    "delivery: sinks are independent; a stopped one stays stopped across a restart until the "
    "operator resumes it"
) {
    StoreFile store;
    FakeClock clock;
    store.append({performed(1, 10, 1)});
    store.register_sink("exchange");
    store.register_sink("archive");
    auto exchange = open_delivery(store, clock);
    exchange->stop("410");
    store.record(*exchange);
    store.reopen();
    exchange = open_delivery(store, clock);
    CHECK(exchange->figures().state == SinkState::stopped);
    CHECK(exchange->figures().stopped_reason == "410");
    CHECK(exchange->claim(1, PerKey::one).empty());
    Delivery archive(*store.reader, {"archive", {}}, clock);
    CHECK(archive.claim(1, PerKey::one).size() == 1);
    exchange->resume();
    CHECK(exchange->claim(1, PerKey::one).size() == 1);
    sqlite::Transaction transaction(*store.writer);
    CHECK(Delivery::discard_sink(transaction, "archive") == 1);
}

TEST_CASE("I4: a stub that is refused as well is owed all the same, also after a crash") {
    StoreFile store;
    FakeClock clock;
    store.append({performed(1, 10, 1), performed(1, 11, 1), performed(2, 12, 1)});
    store.register_sink("exchange");
    auto delivery = open_delivery(store, clock);
    delivery->settle(delivery->claim(1, PerKey::one).at(0).token, Outcome::rejected, "422");
    for (int round = 0; round < 6; ++round) {
        for (const auto& claim : delivery->claim(10, PerKey::one)) {
            CHECK(claim.is_stub == (claim.event->type == "event.withheld"));
            delivery->settle(claim.token, claim.is_stub ? Outcome::rejected : Outcome::delivered);
        }
        clock.advance(std::chrono::seconds(10));
    }
    CHECK(delivery->figures().pending == 2);  // the stub, and what comes after it in its key
    store.record(*delivery);
    CHECK(delivery->figures().dead_letters == 1);

    store.reopen();
    delivery = open_delivery(store, clock);
    const auto stub = delivery->claim(10, PerKey::one);
    REQUIRE(stub.size() == 1);
    CHECK(stub[0].is_stub);
    CHECK(stub[0].event->sequence == 1);
    delivery->settle(stub[0].token, Outcome::delivered);
    const auto next = delivery->claim(10, PerKey::one);
    REQUIRE(next.size() == 1);
    CHECK(next[0].event->sequence == 2);
}

TEST_CASE("X3: a party's sink has only that party's events") {
    StoreFile store;
    FakeClock clock;
    auto theirs = performed(1, 11, 1);
    theirs.party = "insurer-1";
    store.append({performed(1, 10, 1), theirs, performed(1, 12, 1)});
    store.register_sink("insurer");
    Delivery delivery(*store.reader, {"insurer", "insurer-1"}, clock);
    CHECK(positions(delivery.claim(10, PerKey::run)) == std::vector<std::int64_t>{2});
}

TEST_CASE("X2: what left is in the audit with its ids and ground, also what may have left") {
    StoreFile store;
    FakeClock clock;
    store.append({performed(1, 10, 1), performed(2, 11, 1)});
    store.register_sink("exchange");
    auto delivery = open_delivery(store, clock);
    const auto claims = delivery->claim(2, PerKey::one);
    delivery->settle(claims[0].token, Outcome::delivered);
    delivery->settle(claims[1].token, Outcome::unknown);
    {
        sqlite::Transaction rolled_back(*store.writer);
        delivery->record(rolled_back);
    }
    store.record(*delivery);
    store.record(*delivery);  // nothing twice
    const auto entries = disclosure::Audit::show(*store.reader, 1, 10);
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].action == "delivered");
    CHECK(entries[0].who == "sink exchange");
    CHECK(entries[0].ground == "export all: invented data");
    CHECK(entries[0].ids == std::vector<std::string>{claims[0].event->id});
    CHECK(entries[1].action == "maybe_delivered");
    CHECK_FALSE(disclosure::Audit::verify(*store.reader).broken_at);
}

// Random outcomes, crashes between any two steps, rolled-back records: the receiver (which drops
// repeats by id) has every event once, in order per key.
TEST_CASE("delivery: whatever happens, everything arrives, in order per key") {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
        StoreFile store;
        FakeClock clock;
        store.register_sink("exchange");
        auto delivery = open_delivery(store, clock, 16);
        std::map<std::string, std::uint64_t> received;  // key → last sequence
        std::set<std::string> ids;
        int procedure = 0;
        int appended = 0;
        for (int round = 0; round < 600 || static_cast<int>(ids.size()) < appended; ++round) {
            REQUIRE(round < 20'000);
            if (round < 600 && chance(50)) {
                std::vector<domain::Event> events;
                const int patient = static_cast<int>(random() % 6);
                for (unsigned i = 0; i <= random() % 4; ++i)
                    events.push_back(performed(patient, ++procedure, 1));
                appended += static_cast<int>(events.size());
                store.append(events);
            }
            const auto claims =
                delivery->claim(1 + random() % 5, chance(50) ? PerKey::one : PerKey::run);
            for (std::size_t i = 0; i < claims.size(); ++i) {
                const bool broken =
                    round < 600 && chance(claims[i].event->partition_key.ends_with("3") ? 90 : 10);
                if (broken) {  // the rest of a request fails with it
                    for (; i < claims.size(); ++i)
                        delivery->settle(
                            claims[i].token, chance(50) ? Outcome::failed : Outcome::returned
                        );
                    break;
                }
                const auto& event = *claims[i].event;
                if (ids.insert(event.id).second)
                    CHECK(event.sequence == ++received[event.partition_key]);
                delivery->settle(
                    claims[i].token, chance(90) ? Outcome::delivered : Outcome::unknown
                );
            }
            if (chance(30)) store.record(*delivery);
            if (chance(5)) {
                sqlite::Transaction rolled_back(*store.writer);
                delivery->record(rolled_back);
            }
            if (chance(4)) {
                store.reopen();
                delivery = open_delivery(store, clock, 16);
            }
            clock.advance(std::chrono::seconds(random() % 20));
        }
        CHECK(static_cast<int>(ids.size()) == appended);
    }
}

TEST_CASE(
    "delivery: rewound, everything from there on goes again, in order, also what was set apart"
) {
    StoreFile store;
    FakeClock clock;
    for (int patient = 1; patient <= 3; ++patient)
        store.append({performed(patient, patient * 10, 1), performed(patient, patient * 10 + 1, 1)}
        );
    store.register_sink("exchange");
    auto delivery = open_delivery(store, clock);
    const auto deliver = [&](std::int64_t failing_position) {
        std::vector<std::int64_t> sent;
        for (int round = 0; round < 20; ++round) {
            for (const auto& claim : delivery->claim(10, PerKey::one)) {
                const std::int64_t position = claim.event->position;
                const bool fails = position == failing_position;
                if (!fails) sent.push_back(position);
                delivery->settle(claim.token, fails ? Outcome::failed : Outcome::delivered);
            }
            clock.advance(std::chrono::hours(1));
        }
        return sent;
    };
    // 3 fails until its key is set apart: the low-water mark for marks still tells of it
    CHECK(deliver(3) == std::vector<std::int64_t>{1, 5, 2, 6});
    CHECK(delivery->low_water() == 3);
    CHECK(delivery->figures().pending == 2);
    store.record(*delivery);

    CHECK(delivery->rewind(9) == 7);  // not forward
    CHECK(delivery->rewind(2) == 2);
    CHECK(delivery->low_water() == 2);
    CHECK(delivery->figures().pending == 5);
    store.record(*delivery);
    store.reopen();  // and it holds
    delivery = open_delivery(store, clock);
    CHECK(delivery->figures().pending == 5);
    const auto again = deliver(0);
    CHECK(
        std::set<std::int64_t>(again.begin(), again.end()) == std::set<std::int64_t>{2, 3, 4, 5, 6}
    );
    CHECK(again.size() == 5);
    CHECK(std::find(again.begin(), again.end(), 3) < std::find(again.begin(), again.end(), 4));
    CHECK(delivery->rewind(0) == 1);
    CHECK(deliver(0).size() == 6);
    CHECK(delivery->low_water() == 7);
    CHECK(delivery->figures().pending == 0);
}
