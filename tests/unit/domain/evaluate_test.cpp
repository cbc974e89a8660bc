// What no scenario file can say: a changed mapping, an unlinked order, ticks, long plans, a restore
// from the events that left.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "domain/body_fields.hpp"
#include "support/scenario_world.hpp"

using namespace mis;
using namespace mis::domain;
using mis::test::ScenarioWorld;

namespace evaluate_test {
namespace {

const Json kPatient{{"source_id", "77"}, {"last_name", "Тестова"}, {"birth_date", "1990-01-01"}};

Json rub(std::int64_t roubles) { return to_json_value(Money{roubles * 100, Currency()}); }

Json line(const std::string& id, const std::string& day, const char* tooth, std::int64_t roubles) {
    return Json{{"source_id", id},
                {"patient_source_id", "77"},
                {"performed_at", day + "T11:00:00+03:00"},
                {"service_code", "Т-16"},
                {"quantity", "1"},
                {"teeth", Json::array({tooth})},
                {"total", rub(roubles)}};
}

Json order(const std::string& id, const Json& items) {
    return Json{
        {"type", "order.placed"},
        {"id", "m-" + id},
        {"order", id},
        {"items", items},
        {"placed_at", "2026-03-02T09:00:00+03:00"},
        {"consent", {{"given_at", "2026-03-02T09:00:00+03:00"}, {"ground", "consent form"}}},
        {"patient", {{"last_name", "Тестова"}, {"birth_date", "1990-01-01"}}}};
}

Json filling(const std::string& id, const char* tooth) {
    return Json{
        {"id", id},
        {"nomenclature", "A16.07.002"},
        {"quantity", "1"},
        {"teeth", Json::array({tooth})},
        {"total", rub(4000)}};
}

std::vector<std::string> types(const std::vector<Event>& events) {
    std::vector<std::string> all;
    for (const Event& event : events) all.push_back(event.type);
    return all;
}

int count(const std::vector<Event>& events, const std::string& type) {
    const auto all = types(events);
    return static_cast<int>(std::count(all.begin(), all.end(), type));
}

}  // namespace

TEST_CASE(
    "I8, P5: a new mapping re-matches plans, withdraws what no longer deviates, and reverses no "
    "charge"
) {
    ScenarioWorld world;
    world.at("2026-03-03T12:00:00+03:00");
    world.upsert("patient", kPatient);
    world.upsert("procedure", line("p1", "2026-03-03", "16", 4000));
    world.inbox(order("O1", Json::array({filling("f16", "16"), filling("f17", "17")})));
    const auto unmapped = world.evaluate();
    CHECK(world.last().unmapped_codes == std::vector<std::string>{"Т-16"});
    CHECK(count(unmapped, "plan.deviation.found") == 1);
    for (const Event& event : unmapped) {
        if (event.type == "procedure.performed")
            CHECK(event.data.find("procedure").find("nomenclature").is_null());
    }
    world.rules.nomenclature_of["T-16"] =
        "А16.07.002";  // Cyrillic А on one side, Latin T on the other
    const auto mapped = world.evaluate();
    CHECK(
        types(mapped) == std::vector<std::string>{"plan.deviation.withdrawn", "plan.item.performed"}
    );
    CHECK(world.last().unmapped_codes.empty());
}

TEST_CASE("P9: unlinking takes the order's plan away and lets it wait again") {
    ScenarioWorld world;
    world.at("2026-03-03T12:00:00+03:00");
    world.upsert("patient", kPatient);
    world.inbox(order("O1", Json::array({filling("f16", "16")})));
    world.evaluate();
    world.upsert("patient", Json{{"source_id", "77"}, {"last_name", "Другая"}});
    world.unlink("O1");
    CHECK(
        types(world.evaluate()) ==
        std::vector<std::string>{"order.unlinked", "order.waiting", "plan.closed"}
    );
    CHECK(world.announced().find("order/O1") == nullptr);
}

TEST_CASE("A1, L7: the next tick is when time alone changes something") {
    ScenarioWorld world;
    world.at("2026-03-03T12:00:00+03:00");
    world.upsert("patient", kPatient);
    world.upsert(
        "limit",
        Json{
            {"source_id", "L1"},
            {"patient_source_id", "77"},
            {"kind", "barter"},
            {"granted", rub(100)},
            {"valid_to", "2026-03-10"}}
    );
    world.upsert(
        "appointment",
        Json{
            {"source_id", "a1"},
            {"patient_source_id", "77"},
            {"starts_at", "2026-03-05T09:00:00+03:00"},
            {"ends_at", "2026-03-05T10:00:00+03:00"},
            {"status", "booked"}}
    );
    world.evaluate();
    REQUIRE(world.last().next_tick);
    CHECK(world.last().next_tick->to_string() == "2026-03-06T00:00:00+03:00");
    world.at("2026-03-05T23:59:59+03:00");
    CHECK(world.evaluate().empty());
    world.at("2026-03-06T00:00:00+03:00");
    CHECK(types(world.evaluate()) == std::vector<std::string>{"appointment.no_show"});
    CHECK(world.last().next_tick->to_string() == "2026-03-11T00:00:00+03:00");
    world.at("2026-03-11T00:00:00+03:00");
    CHECK(types(world.evaluate()) == std::vector<std::string>{"limit.closed"});
    CHECK_FALSE(world.last().next_tick);
}

TEST_CASE("P1: a plan of many items comes in parts, each under 20 kB, and folds to the whole") {
    ScenarioWorld world;
    world.at("2026-03-03T12:00:00+03:00");
    world.upsert("patient", kPatient);
    Json items = Json::array();
    for (int i = 0; i < 150; ++i) items.push_back(filling("item-" + std::to_string(i), "16"));
    world.inbox(order("O1", items));
    const auto events = world.evaluate();
    CHECK(count(events, "plan.opened") == 3);
    for (const Event& event : events) CHECK(event.data.text().size() < 20'000);
    const Standing* plan =
        world.announced().find("plan/" + world.identity.public_id("exchange", "plan", "O1"));
    REQUIRE(plan != nullptr);
    CHECK(plan->data.find("plan").find("items").elements().size() == 150);
}

TEST_CASE(
    "I4: a restore from the events that left recovers what stands and announces nothing of it again"
) {
    for (const ExportMode mode : {ExportMode::all, ExportMode::ordered}) {
        ScenarioWorld world(mode);
        world.at("2026-03-03T12:00:00+03:00");
        world.upsert("patient", kPatient);
        world.upsert("procedure", line("p0", "2026-03-01", "26", 1000));
        world.upsert(
            "limit",
            Json{
                {"source_id", "L1"},
                {"patient_source_id", "77"},
                {"kind", "barter"},
                {"granted", rub(5000)},
                {"valid_to", "2026-03-10"},
                {"used", rub(1)}}
        );
        Json on_account = line("p1", "2026-03-03", "16", 4000);
        on_account["limit_source_id"] = "L1";
        on_account["nomenclature"] = "A16.07.002";
        world.upsert("procedure", on_account);
        world.inbox(order("O1", Json::array({filling("f16", "16"), filling("f17", "17")})));
        world.evaluate();
        world.at("2026-03-04T12:00:00+03:00");
        on_account["total"] = rub(6000);
        world.upsert("procedure", on_account);
        world.evaluate();

        std::vector<Event> left;
        for (const Event& event : world.log()) {
            if (event.leaves == Export::withheld) continue;
            Event sent;  // what an envelope tells
            sent.id = event.id;
            sent.type = event.type;
            sent.data = event.data;
            left.push_back(sent);
        }
        const Outcome compared = evaluate(world.facts(), fold(left), world.rules, world.identity);
        for (const Event& event : compared.events) CHECK(event.leaves == Export::withheld);
    }
}

TEST_CASE("X1: the ground says why an event may leave; a withheld one has no id but for charges") {
    ScenarioWorld world(ExportMode::ordered);
    world.at("2026-03-03T12:00:00+03:00");
    world.upsert("patient", kPatient);
    world.upsert("procedure", line("p0", "2026-03-01", "26", 1000));
    world.upsert("procedure", line("p1", "2026-03-03", "16", 4000));
    world.inbox(order("O1", Json::array({filling("f16", "16")})));
    for (const Event& event : world.evaluate()) {
        if (event.leaves == Export::leaves)
            CHECK(event.ground == "order O1: consent form");
        else if (event.type != "billing.charge")
            CHECK(event.id.empty());
    }
}

}  // namespace evaluate_test
