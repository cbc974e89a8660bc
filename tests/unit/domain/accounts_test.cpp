// Accounts beyond what scenario files can say: registers, grants by public ids, arrival orders.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "domain/body_fields.hpp"
#include "domain/limit_ledger/account.hpp"
#include "domain/limit_ledger/statements.hpp"
#include "support/scenario_world.hpp"

using namespace mis;
using namespace mis::domain;
using mis::test::ScenarioWorld;

namespace accounts_test {
namespace {

Json rub(std::int64_t minor) { return to_json_value(Money{minor, Currency()}); }

Json patient(const std::string& id = "77") {
    return {{"source_id", id}, {"last_name", "Тестова"}, {"birth_date", "1990-01-01"}};
}

Json limit(const std::string& id, std::int64_t granted, Json more = Json::object()) {
    Json row{
        {"source_id", id},
        {"patient_source_id", "77"},
        {"kind", "barter"},
        {"granted", rub(granted)}};
    row.update(more);
    return row;
}

Json line(const std::string& id, const std::string& day, std::int64_t total, Json more = {}) {
    Json row{{"source_id", id},
             {"patient_source_id", "77"},
             {"performed_at", day + "T12:00:00+03:00"},
             {"service_code", "T-1"},
             {"quantity", "1"},
             {"total", rub(total)}};
    if (more.is_object()) row.update(more);
    return row;
}

Json visit(const std::string& id, const std::string& day, const std::string& comment) {
    return {
        {"source_id", id},
        {"patient_source_id", "77"},
        {"starts_at", day + "T10:00:00+03:00"},
        {"ends_at", day + "T11:00:00+03:00"},
        {"status", "completed"},
        {"comment", comment}};
}

Json order(const std::string& id, std::int64_t amount) {
    return {
        {"type", "order.placed"},
        {"id", "placed-" + id},
        {"order", id},
        {"placed_at", "2026-03-02T09:00:00+03:00"},
        {"patient", {{"last_name", "Тестова"}, {"birth_date", "1990-01-01"}}},
        {"items",
         {{{"id", "i1"},
           {"service_code", "T-9"},
           {"teeth", Json::array()},
           {"quantity", "1"},
           {"total", rub(100)}}}},
        {"limit", {{"amount", rub(amount)}, {"payer", "ООО Пример"}, {"kind", "barter"}}}};
}

Json grant(const std::string& id, const char* whose, const std::string& of, std::int64_t amount) {
    return {{"type", "limit.granted"}, {"id", id}, {whose, of}, {"amount", rub(amount)}};
}

using Sums = std::vector<std::pair<std::int64_t, std::int64_t>>;  // granted, consumed

// Accounts that are not closed as removed, by the sums alone: ids are history.
Sums accounts(const Announced& announced) {
    Sums found;
    for (const auto& [key, told] : announced.standing) {
        if (!key.starts_with("limit/")) continue;
        const auto reasons = BodyFields(told.data).texts("reasons");
        if (std::find(reasons.begin(), reasons.end(), "removed") != reasons.end()) continue;
        found.emplace_back(
            BodyFields(told.data).money("granted")->minor, announced.consumed(key.substr(6)).minor
        );
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string only_account(const Announced& announced) {
    std::string found;
    for (const auto& [key, told] : announced.standing) {
        if (!key.starts_with("limit/")) continue;
        REQUIRE(found.empty());
        found = key.substr(6);
    }
    return found;
}

// "line payer total" of every standing charge, sorted: the ids of accounts are history.
std::vector<std::string> charges(const ScenarioWorld& world) {
    std::vector<std::string> found;
    for (const auto& [key, told] : world.announced().standing) {
        if (!key.starts_with("charge/")) continue;
        const BodyFields charge(told.data);
        found.push_back(
            charge.text("procedure") + " " + charge.text("payer") + " " +
            std::to_string(charge.money("total")->minor)
        );
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

TEST_CASE("L0: ids are ordered with their digits as numbers") {
    const std::vector<std::string> ordered{"",    "7",     "9",      "10", "L2",
                                           "L10", "L10-9", "L10-10", "M1"};
    for (std::size_t i = 0; i < ordered.size(); ++i)
        for (std::size_t j = 0; j < ordered.size(); ++j) {
            CAPTURE(ordered[i]);
            CAPTURE(ordered[j]);
            CHECK(id_before(ordered[i], ordered[j]) == (i < j));
        }
    CHECK(id_before("007", "7"));  // one of them is the lower, always the same one
    CHECK_FALSE(id_before("7", "007"));
    CHECK(id_before("99999999999999999999", "100000000000000000000"));
}

TEST_CASE("L1: order, register and comment are one account, the exchange's total stands") {
    ScenarioWorld world;
    world.rules.register_sources = {"scenario"};
    world.at("2026-03-02T10:00:00+03:00");
    world.upsert("patient", patient());
    world.upsert("appointment", visit("a1", "2026-03-02", "БАРТЕР. Лимит 3000"));
    world.inbox(order("O1", 1'000'000));
    world.upsert("limit", limit("R1", 500'000));
    world.evaluate();
    CHECK(accounts(world.announced()) == Sums{{1'000'000, 0}});
    // Two rows of one register are two: the second overlaps the same order, which has its row.
    world.upsert("limit", limit("R2", 200'000));
    world.evaluate();
    CHECK(accounts(world.announced()) == Sums{{200'000, 0}, {1'000'000, 0}});
}

TEST_CASE("L0: a register's account takes the lines without payer, always") {
    ScenarioWorld world;
    world.rules.register_sources = {"scenario"};
    world.at("2026-03-02T10:00:00+03:00");
    world.upsert("patient", patient());
    world.evaluate();
    world.at("2026-03-05T10:00:00+03:00");
    world.upsert("limit", limit("R1", 500'000));
    world.upsert("procedure", line("p1", "2026-02-01", 1'000));
    world.upsert("procedure", line("p2", "2026-03-05", 2'000));
    world.evaluate();
    CHECK(accounts(world.announced()) == Sums{{500'000, 3'000}});
    world.upsert("limit", limit("R1", 500'000, {{"valid_from", "2026-03-01"}}));
    world.evaluate();
    CHECK(accounts(world.announced()) == Sums{{500'000, 2'000}});
}

TEST_CASE("L1, L9: grants by the account's id are increases of what the first of them met") {
    ScenarioWorld world;
    world.at("2026-03-02T10:00:00+03:00");
    world.upsert("patient", patient());
    world.upsert("limit", limit("L1", 1'000'000));
    world.evaluate();
    const std::string id = only_account(world.announced());
    world.at("2026-03-03T10:00:00+03:00");
    world.inbox(grant("g1", "limit", id, 500'000));
    const auto told = world.evaluate();  // the policy is stronger; the exchange states 15 000
    REQUIRE(told.size() == 1);
    CHECK(told[0].type == "limit.mismatch");
    CHECK(BodyFields(told[0].data).money("theirs")->minor == 1'500'000);
    world.at("2026-03-04T10:00:00+03:00");
    world.upsert("limit", limit("L1", 1'500'000));
    const auto raised = world.evaluate();
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].type == "limit.granted");
    CHECK(BodyFields(raised[0].data).money("first_sum")->minor == 1'000'000);
    // What it met is remembered, whatever the MIS states later.
    world.at("2026-03-05T10:00:00+03:00");
    world.upsert("limit", limit("L1", 100'000));
    world.inbox(grant("g2", "limit", id, 1));
    const auto lowered = world.evaluate();
    REQUIRE(lowered.size() == 2);
    CHECK(BodyFields(lowered[0].data).money("granted")->minor == 100'000);
    CHECK(BodyFields(lowered[1].data).money("theirs")->minor == 1'500'001);
}

TEST_CASE("L1: a grant to a patient raises his account of that kind, else opens one") {
    ScenarioWorld world;
    world.at("2026-03-02T10:00:00+03:00");
    world.upsert("patient", patient());
    world.upsert("appointment", visit("a1", "2026-03-02", "Бартер, лимит 4000"));
    world.evaluate();
    const std::string pseudonym = world.identity.pseudonym("scenario", "77");
    Json raise = grant("g1", "patient", pseudonym, 100'000);
    raise["kind"] = "barter";
    world.inbox(raise);
    world.evaluate();
    CHECK(accounts(world.announced()) == Sums{{500'000, 0}});
    Json open = grant("g2", "patient", pseudonym, 70'000);
    open["kind"] = "gift";
    open["payer"] = "ООО Пример";
    world.inbox(open);
    world.evaluate();
    CHECK(accounts(world.announced()) == Sums{{70'000, 0}, {500'000, 0}});
    // A later comment states another total; what the grant increased stays 4 000.
    world.upsert("appointment", visit("a2", "2026-03-03", "Бартер, лимит 9000"));
    world.evaluate();
    CHECK(accounts(world.announced()) == Sums{{70'000, 0}, {500'000, 0}});
}

TEST_CASE("L1: why a grant is refused") {
    ScenarioWorld world;
    world.at("2026-03-02T10:00:00+03:00");
    world.upsert("patient", patient());
    Json bare = order("O1", 0);
    bare.erase("limit");
    world.inbox(bare);
    world.inbox(order("O2", 500'000));
    world.evaluate();
    const auto code = [&](const Json& message) {
        const JsonText text(message);
        const auto refused = refuse_grant(
            text.view(), world.facts(), world.announced(), world.rules, world.identity
        );
        return refused ? refused->code + ": " + refused->reason : std::string();
    };
    const std::string missing = code(grant("g1", "order", "O1", 100));
    CHECK(missing.starts_with("no_account"));
    CHECK(missing.ends_with("missing: kind, payer"));
    Json opening = grant("g1", "order", "O1", 100);
    opening["kind"] = "barter";
    CHECK(code(opening).ends_with("missing: payer"));
    opening["payer"] = "ООО Пример";
    CHECK(code(opening).empty());
    Json below = opening;
    below["amount"]["minor"] = -100;
    CHECK(code(below).starts_with("no_account"));
    CHECK(code(grant("g1", "order", "O2", 100)).empty());
    CHECK(code(grant("g1", "order", "O2", -100)).empty());
    Json foreign = grant("g1", "order", "O2", 100);
    foreign["amount"]["currency"] = "EUR";
    CHECK(code(foreign).starts_with("other_currency"));
    CHECK(code(grant("g1", "limit", "0123", 100)).starts_with("unknown_limit"));
    const std::string pseudonym = world.identity.pseudonym("scenario", "77");
    Json to_patient = grant("g1", "patient", pseudonym, 100);
    to_patient["kind"] = "barter";
    CHECK(code(to_patient).empty());
    to_patient["kind"] = "gift";
    CHECK(code(to_patient).ends_with("missing: payer"));
    to_patient["kind"] = "barter";
    to_patient["payer"] = "ООО Другой";  // another organization's account
    CHECK(code(to_patient).empty());
    // Once one opened the order's account, the next needs no more than its amount.
    world.inbox(opening);
    world.evaluate();
    CHECK(code(grant("g2", "order", "O1", 100)).empty());
}

TEST_CASE("L1: closing an order that opened no account closes nobody's") {
    ScenarioWorld world;
    world.at("2026-03-02T10:00:00+03:00");
    world.upsert("patient", patient());
    world.upsert("limit", limit("L1", 1'000'000));
    Json bare = order("O1", 0);
    bare.erase("limit");
    world.inbox(bare);
    world.evaluate();
    world.inbox({{"type", "limit.closed"}, {"id", "c1"}, {"order", "O1"}});
    CHECK(world.evaluate().empty());
}

TEST_CASE("D1: the same facts in every order of arrival end in the same charges and sums") {
    // All on one day of sight, so that what is remembered is the same; ids of accounts are history.
    const std::vector<std::function<void(ScenarioWorld&)>> facts{
        [](ScenarioWorld& w) {
            w.upsert("appointment", visit("a1", "2026-03-02", "Бартер, лимит 4000"));
        },
        [](ScenarioWorld& w) {
            w.upsert(
                "limit",
                limit("L1", 600'000, {{"valid_from", "2026-03-05"}, {"valid_to", "2026-12-31"}})
            );
        },
        [](ScenarioWorld& w) {
            w.upsert(
                "limit",
                limit("L2", 700'000, {{"valid_from", "2027-01-01"}, {"valid_to", "2027-12-31"}})
            );
        },
        [](ScenarioWorld& w) { w.inbox(order("O1", 500'000)); },
        [](ScenarioWorld& w) {
            w.upsert("procedure", line("p1", "2026-03-02", 100'000));
            w.upsert("procedure", line("p2", "2026-03-06", 250'000, {{"payer", "limit"}}));
            w.upsert("procedure", line("p3", "2026-03-07", 400'000, {{"limit_source_id", "L1"}}));
        },
    };
    std::vector<std::size_t> order_of(facts.size());
    for (std::size_t i = 0; i < order_of.size(); ++i) order_of[i] = i;
    std::vector<std::string> expected;
    Sums sums;
    do {
        ScenarioWorld world;
        world.at("2026-03-10T10:00:00+03:00");
        world.upsert("patient", patient());
        world.evaluate();
        for (const std::size_t next : order_of) {
            facts[next](world);
            world.evaluate();
        }
        if (expected.empty()) {
            expected = charges(world);
            sums = accounts(world.announced());
            CHECK(sums == Sums{{600'000, 750'000}, {700'000, 0}});
        }
        CHECK(charges(world) == expected);
        CHECK(accounts(world.announced()) == sums);
    } while (std::next_permutation(order_of.begin(), order_of.end()));
}

}  // namespace accounts_test
