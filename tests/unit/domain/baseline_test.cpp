#include "domain/baseline.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

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

TEST_CASE(
    "baseline: what another payer owes stands under the id that was sent, each payer's books true"
) {
    const auto before = folded({charge("sent", 100)});
    const auto now =
        folded({charge("sent", 100), reversal("sent", 100), charge("unsent", 100, "limit")});
    auto taken = taken_as_announced(now, before);
    REQUIRE(taken.standing.size() == 1);
    CHECK(taken.standing.begin()->second.event_id == "sent");
    CHECK(taken.standing.begin()->second.data.find("payer").string() == "limit");
    CHECK(booked(taken) == 100);
    apply(taken, reversal("sent", 100));
    CHECK(taken.standing.empty());
    std::map<std::string, std::int64_t> by_payer;
    for (const LedgerEntry& entry : taken.ledger) by_payer[entry.payer] += entry.total.minor;
    for (const auto& [payer, sum] : by_payer) CHECK_MESSAGE(sum == 0, payer);
}

TEST_CASE(
    "baseline: of several charges of a line the one of the same sum goes on; more than were sent "
    "keep their own ids"
) {
    const auto before = folded({charge("sent 30", 30), charge("sent 70", 70, "organization")});
    const auto now = folded(
        {charge("sent 30", 30), charge("sent 70", 70, "organization"), reversal("sent 30", 30),
         reversal("sent 70", 70), charge("unsent 70", 70, "insurer"),
         charge("unsent 20", 20, "limit"), charge("unsent 10", 10, "clinic")}
    );
    const auto taken = taken_as_announced(now, before);
    REQUIRE(taken.standing.size() == 3);
    std::map<std::string, std::string> ids;  // payer → id
    for (const auto& [key, standing] : taken.standing)
        ids[standing.data.find("payer").string()] = standing.event_id;
    CHECK(ids["insurer"] == "sent 70");
    CHECK(std::set<std::string>{ids["limit"], ids["clinic"]}.contains("sent 30"));
    CHECK(booked(taken) == 100);
}

TEST_CASE("baseline: another line's charge keeps its own id") {
    const auto before = folded({charge("sent", 100)});
    Event other = charge("other", 100, "limit");
    other.data = mis::Json{
        {"procedure", "p2"},
        {"payer", "limit"},
        {"charge_id", "other"},
        {"total", {{"minor", 100}, {"currency", "RUB"}}}};
    const auto taken =
        taken_as_announced(folded({charge("sent", 100), reversal("sent", 100), other}), before);
    REQUIRE(taken.standing.size() == 1);
    CHECK(taken.standing.begin()->second.event_id == "other");
}
