// The account as a clerk reads it, by the worked example of core/domain/README.md.
#include "domain/limit_ledger/account_sheet.hpp"

#include <doctest/doctest.h>

#include "support/scenario_world.hpp"

using namespace mis;
using namespace mis::domain;
using mis::test::ScenarioWorld;

namespace {

Json rub(std::int64_t roubles) { return {{"currency", "RUB"}, {"minor", roubles * 100}}; }

void line(ScenarioWorld& world, const char* id, const char* at, const char* tooth, int roubles) {
    world.upsert(
        "procedure", {{"source_id", id},
                      {"patient_source_id", "77"},
                      {"performed_at", at},
                      {"service_code", "T"},
                      {"nomenclature", "A16.07.002"},
                      {"quantity", "1"},
                      {"teeth", Json::array({tooth})},
                      {"total", rub(roubles)},
                      {"limit_source_id", "l1"}}
    );
}

ScenarioWorld barter(int granted) {
    ScenarioWorld world;
    world.at("2026-03-01T09:00:00+03:00");
    world.upsert(
        "patient", {{"source_id", "77"}, {"last_name", "Тестова"}, {"birth_date", "1990-01-01"}}
    );
    world.upsert(
        "limit", {{"source_id", "l1"},
                  {"patient_source_id", "77"},
                  {"kind", "barter"},
                  {"payer_name", "ООО Пример"},
                  {"granted", rub(granted)}}
    );
    return world;
}

std::string row(const SheetLine& line) {
    std::string text = line.before.to_string() + " | " + line.to_limit.to_string() + " | " +
                       line.beyond.to_string() + " | " + line.after.to_string();
    for (const auto& part : line.beyond_parts) text += " | " + part.payer + " " + part.party;
    if (line.splits) text += " | splits";
    if (line.ends) text += " | ends";
    return text;
}

}  // namespace

TEST_CASE("L3: every line with what the limit had before it, took, and who pays the rest") {
    ScenarioWorld world = barter(10'000);
    line(world, "p1", "2026-03-02T10:00:00+03:00", "16", 500);
    line(world, "p2", "2026-03-02T11:00:00+03:00", "16", 4'500);
    line(world, "p3", "2026-03-03T10:00:00+03:00", "36", 4'000);
    line(world, "p4", "2026-03-04T10:00:00+03:00", "48", 3'000);
    line(world, "p5", "2026-03-05T10:00:00+03:00", "11", 700);
    world.evaluate();
    const auto facts = world.facts();
    const Books books(facts, world.announced(), world.rules, world.identity);
    REQUIRE(books.accounts().size() == 1);
    const auto sheet = books.sheet(books.accounts().front());
    REQUIRE(sheet.lines.size() == 5);
    CHECK(row(sheet.lines[0]) == "10000.00 RUB | 500.00 RUB | 0.00 RUB | 9500.00 RUB");
    CHECK(row(sheet.lines[2]) == "5000.00 RUB | 4000.00 RUB | 0.00 RUB | 1000.00 RUB");
    CHECK(
        row(sheet.lines[3]) ==
        "1000.00 RUB | 1000.00 RUB | 2000.00 RUB | 0.00 RUB | organization ООО Пример | splits | "
        "ends"
    );
    CHECK(
        row(sheet.lines[4]) ==
        "0.00 RUB | 0.00 RUB | 700.00 RUB | 0.00 RUB | organization ООО Пример"
    );
    CHECK(sheet.lines[0].leaves);

    // what stands billed adds up to the same
    std::int64_t to_limit = 0;
    for (const auto& entry : world.announced().ledger)
        if (entry.payer == "limit") to_limit += entry.total.minor;
    std::int64_t shown = 0;
    for (const auto& one : sheet.lines) shown += one.to_limit.minor;
    CHECK(shown == to_limit);
    CHECK(shown == 1'000'000);
}

TEST_CASE("L9: what the MIS counts otherwise stands on the sheet until it is mended") {
    ScenarioWorld world = barter(10'000);
    line(world, "p1", "2026-03-02T10:00:00+03:00", "16", 4'000);
    Json limit{{"source_id", "l1"},          {"patient_source_id", "77"}, {"kind", "barter"},
               {"payer_name", "ООО Пример"}, {"granted", rub(10'000)},    {"used", rub(0)}};
    world.upsert("limit", limit);
    world.evaluate();
    auto facts = world.facts();
    {
        const Books books(facts, world.announced(), world.rules, world.identity);
        const auto sheet = books.sheet(books.accounts().front());
        REQUIRE(sheet.disagreements.size() == 1);
        CHECK(std::string(sheet.disagreements[0].field) == "used");
        CHECK(sheet.disagreements[0].ours.minor == 400'000);
        CHECK(sheet.disagreements[0].theirs.minor == 0);
    }
    limit["used"] = rub(4'000);
    world.upsert("limit", limit);
    world.evaluate();
    facts = world.facts();
    const Books books(facts, world.announced(), world.rules, world.identity);
    CHECK(books.sheet(books.accounts().front()).disagreements.empty());
}
