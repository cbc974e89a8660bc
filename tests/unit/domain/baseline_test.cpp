#include "domain/baseline.hpp"

#include <doctest/doctest.h>

using namespace mis::domain;

namespace {

Event charge(const std::string& id, int minor, const std::string& payer = "patient") {
    Event event;
    event.id = id;
    event.type = "billing.charge";
    event.data = mis::Json{
        {"procedure", "p1"},
        {"payer", payer},
        {"charge_id", id},
        {"total", {{"minor", minor}, {"currency", "RUB"}}}};
    return event;
}

Event reversal(const std::string& charge_id, int minor) {
    Event event;
    event.id = "reversal of " + charge_id;
    event.type = "billing.reversal";
    event.data =
        mis::Json{{"charge_id", charge_id}, {"total", {{"minor", minor}, {"currency", "RUB"}}}};
    return event;
}

std::int64_t booked(const Announced& announced) {
    std::int64_t sum = 0;
    for (const LedgerEntry& entry : announced.ledger) sum += entry.total.minor;
    return sum;
}

Announced folded(const std::vector<Event>& events) { return fold(events); }

}  // namespace

TEST_CASE("baseline: of the same sum nothing was booked, and the charge that was sent stands") {
    const auto before = folded({charge("sent", 100)});
    const auto now = folded({charge("sent", 100), reversal("sent", 100), charge("unsent", 100)});
    const auto taken = taken_as_announced(now, before);
    CHECK(taken.to_text() == before.to_text());
}

TEST_CASE("baseline: another sum stands under the id that was sent, and is taken back by it") {
    const auto before = folded({charge("sent", 100)});
    const auto now = folded({charge("sent", 100), reversal("sent", 100), charge("unsent", 250)});
    auto taken = taken_as_announced(now, before);
    REQUIRE(taken.standing.size() == 1);
    CHECK(taken.standing.begin()->second.event_id == "sent");
    CHECK(taken.standing.begin()->second.data.find("charge_id").string() == "sent");
    CHECK(booked(taken) == 250);
    apply(taken, reversal("sent", 250));
    CHECK(taken.standing.empty());
    CHECK(booked(taken) == 0);
}

TEST_CASE("baseline: what stood under no such key keeps its own id") {
    const auto before = folded({charge("sent", 100)});
    const auto now =
        folded({charge("sent", 100), reversal("sent", 100), charge("unsent", 100, "limit")});
    const auto taken = taken_as_announced(now, before);
    REQUIRE(taken.standing.size() == 1);
    CHECK(taken.standing.begin()->second.event_id == "unsent");
    CHECK(booked(taken) == 100);
}
