// X3: what a payer's party learns of a plan, and the sums of it. That its sinks get just this:
// tests/unit/sink/party_view_test.cpp.
#include <doctest/doctest.h>

#include <map>

#include "support/scenario_world.hpp"

using namespace mis;
using namespace mis::domain;
using mis::test::ScenarioWorld;

namespace party_views_test {
namespace {

Json rub(std::int64_t roubles) { return to_json_value(Money{roubles * 100, Currency()}); }

Json item(const std::string& id, const char* tooth, const char* quantity, std::int64_t roubles) {
    return Json{
        {"id", id},
        {"nomenclature", "A16.07.002"},
        {"quantity", quantity},
        {"teeth", Json::array({tooth})},
        {"total", rub(roubles)}};
}

Json order_of(const char* type, const std::string& message, const Json& items) {
    Json body{{"type", type}, {"id", message}, {"order", "O1"}, {"items", items}};
    if (body["type"] == "order.placed") {
        body["placed_at"] = "2026-03-02T09:00:00+03:00";
        body["consent"] = {{"given_at", "2026-03-02T09:00:00+03:00"}, {"ground", "consent form"}};
        body["patient"] = {{"last_name", "Тестова"}, {"birth_date", "1990-01-01"}};
    }
    return body;
}

Json account(const std::string& id, const std::string& kind, const char* payer, std::int64_t sum) {
    return Json{{"source_id", id},     {"patient_source_id", "77"}, {"kind", kind},
                {"payer_name", payer}, {"granted", rub(sum)},       {"policy_number", id}};
}

Json filling(const std::string& id, const char* tooth, std::int64_t roubles, const char* limit) {
    return Json{
        {"source_id", id},
        {"patient_source_id", "77"},
        {"performed_at", "2026-03-03T11:00:00+03:00"},
        {"service_code", "T-16"},
        {"nomenclature", "A16.07.002"},
        {"quantity", "1"},
        {"teeth", Json::array({tooth})},
        {"total", rub(roubles)},
        {"limit_source_id", limit}};
}

ScenarioWorld world_with(const std::vector<Json>& accounts) {
    ScenarioWorld world;
    world.at("2026-03-02T12:00:00+03:00");
    world.upsert(
        "patient", Json{{"source_id", "77"}, {"last_name", "Тестова"}, {"birth_date", "1990-01-01"}}
    );
    for (const Json& one : accounts) world.upsert("limit", one);
    return world;
}

// The largest sum in roubles by party, of the last event of this type.
using Sums = std::map<std::string, std::int64_t>;
Sums told(const std::vector<Event>& events, const std::string& type) {
    Sums sums;
    for (const Event& event : events) {
        if (event.type != type) continue;
        sums.clear();
        for (const auto& [party, data] : event.views) {
            CHECK(data.find("patient").string() == event.data.find("patient").string());
            CHECK(
                data.find("plan").find("id").string() == event.data.find("plan").find("id").string()
            );
            CHECK(data.find("plan").find("items").absent());
            sums[party] = data.find("amount_max").money()->minor / 100;
        }
    }
    return sums;
}

}  // namespace

TEST_CASE("X3: the agreed sum of the open items, at most what the party's accounts still hold") {
    auto world = world_with(
        {account("L1", "insurance", "СК Один", 3000), account("L2", "insurance", "СК Один", 2000),
         account("L3", "corporate", "СК Два", 50000), account("L4", "gift", "Тётя", 1000)}
    );
    world.inbox(order_of(
        "order.placed", "m1", Json::array({item("a", "16", "1", 4000), item("b", "26", "2", 8000)})
    ));
    CHECK(told(world.evaluate(), "plan.opened") == Sums{{"СК Один", 5000}, {"СК Два", 12000}});

    world.at("2026-03-03T12:00:00+03:00"
    );  // half of item b, 1 000 more than agreed, on the first policy
    world.upsert("procedure", filling("p1", "26", 5000, "L1"));
    world.evaluate();
    world.inbox(order_of(
        "order.amended", "m2", Json::array({item("a", "16", "1", 4500), item("b", "26", "2", 8000)})
    ));
    CHECK(told(world.evaluate(), "plan.changed") == Sums{{"СК Один", 2000}, {"СК Два", 8500}});

    world.inbox(Json{
        {"type", "order.cancelled"},
        {"id", "m3"},
        {"order", "O1"},
        {"reason", "patient_changed_mind"}});
    CHECK(told(world.evaluate(), "plan.closed") == Sums{{"СК Один", 0}, {"СК Два", 0}});
}

TEST_CASE("X3, L3: a party that owes the overrun, too, is bounded by the agreed sum alone") {
    auto world = world_with({account("L1", "barter", "ООО Пример", 1000)});
    world.inbox(order_of("order.placed", "m1", Json::array({item("a", "16", "1", 4000)})));
    CHECK(told(world.evaluate(), "plan.opened") == Sums{{"ООО Пример", 4000}});
}

TEST_CASE("X3, L7: a closed account's party learns nothing more") {
    auto first = account("L1", "insurance", "СК Один", 3000);
    first["valid_to"] = "2026-03-31";
    auto world = world_with({first, account("L2", "corporate", "СК Два", 3000)});
    world.inbox(order_of("order.placed", "m1", Json::array({item("a", "16", "1", 4000)})));
    CHECK(told(world.evaluate(), "plan.opened").size() == 2);
    world.at("2026-04-01T00:00:00+03:00");
    world.evaluate();
    world.inbox(order_of("order.amended", "m2", Json::array({item("a", "16", "1", 4500)})));
    CHECK(told(world.evaluate(), "plan.changed") == Sums{{"СК Два", 3000}});
    world.inbox(Json{
        {"type", "order.cancelled"},
        {"id", "m3"},
        {"order", "O1"},
        {"reason", "patient_changed_mind"}});
    CHECK(told(world.evaluate(), "plan.closed") == Sums{{"СК Два", 0}});
}

TEST_CASE("X3, B4: two organizations that pay for one order get a statement each") {
    auto world = world_with(
        {account("L1", "insurance", "СК Один", 30000), account("L2", "corporate", "СК Два", 30000)}
    );
    world.inbox(order_of(
        "order.placed", "m1", Json::array({item("a", "16", "1", 4000), item("b", "26", "1", 5000)})
    ));
    world.evaluate();
    world.at("2026-03-03T12:00:00+03:00");
    world.upsert("procedure", filling("p1", "16", 4000, "L1"));
    world.upsert("procedure", filling("p2", "26", 5000, "L2"));
    Json paid{
        {"source_id", "y1"}, {"patient_source_id", "77"}, {"paid_at", "2026-03-03T11:30:00+03:00"},
        {"kind", "payment"}, {"method", "transfer"},      {"amount", rub(1000)},
        {"payer", "limit"},  {"limit_source_id", "L2"}};
    world.upsert("payment", paid);
    Sums totals, due;
    for (const Event& event : world.evaluate()) {
        if (event.type != "billing.statement") continue;
        CHECK(event.data.find("payer_party").string() == event.party);
        totals[event.party] = event.data.find("total").money()->minor / 100;
        due[event.party] = event.data.find("due").money()->minor / 100;
    }
    CHECK(totals == Sums{{"СК Один", 4000}, {"СК Два", 5000}});
    CHECK(due == Sums{{"СК Один", 4000}, {"СК Два", 4000}});
}

}  // namespace party_views_test
