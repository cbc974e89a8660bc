#include "domain/now.hpp"

#include <doctest/doctest.h>

namespace mis::domain::now_test {
namespace {

Standing standing(const std::string& type, const Json& data) {
    return {"", type, Export::leaves, JsonText(data)};
}

Json rubles(std::int64_t sum) { return Json{{"currency", "RUB"}, {"minor", sum * 100}}; }

}  // namespace

TEST_CASE("now_of: accounts, plans and what is wrong, of what stands announced") {
    Announced announced;
    CHECK_FALSE(has_now(announced));
    CHECK(now_of(announced).empty());
    announced.standing["limit/L1"] = standing(
        "limit.opened",
        Json{
            {"limit", "L1"},
            {"patient", "p1"},
            {"kind", "barter"},
            {"payer_party", "ООО Выдумка"},
            {"granted", rubles(100)},
            {"closed", false}}
    );
    announced.standing["charge/1/limit/L1"] =
        standing("billing.charge", Json{{"limit", "L1"}, {"total", rubles(40)}});
    announced.standing["plan/P1"] = standing(
        "plan.opened",
        Json{
            {"patient", "p1"},
            {"closed", false},
            {"plan",
             {{"id", "P1"},
              {"order", "O1"},
              {"items",
               {{{"id", "i1"}, {"total", rubles(10)}},
                {{"id", "i2"}, {"total", rubles(20)}},
                {{"id", "i3"}, {"total", rubles(30)}}}}}}}
    );
    announced.standing["item/P1/i1"] =
        standing("plan.item.performed", Json{{"after", "performed"}});
    announced.standing["item/P1/i3"] = standing("plan.item.voided", Json{{"after", "void"}});
    announced.standing["deviation/W1"] =
        standing("plan.deviation.found", Json{{"plan", "P1"}, {"patient", "p1"}});
    const auto now = now_of(announced);
    CHECK(has_now(announced));
    REQUIRE(now.accounts.size() == 1);
    CHECK(now.accounts[0].patient == "p1");
    CHECK(now.accounts[0].payer == "ООО Выдумка");
    CHECK(now.accounts[0].consumed == announced.consumed("L1"));
    REQUIRE(now.plans.size() == 1);
    CHECK(now.plans[0].order == "O1");
    CHECK(now.plans[0].items == 3);
    CHECK(now.plans[0].performed == 1);
    CHECK(now.plans[0].voided == 1);
    CHECK(now.plans[0].total.minor == 3000);
    CHECK(now.plans[0].performed_total.minor == 1000);
    REQUIRE(now.problems.size() == 1);
    CHECK(now.problems[0].entity == "P1");

    // a mismatch is open while its figure is today's
    const auto mismatch = [&](std::int64_t ours) {
        Announced with = announced;
        with.standing["mismatch/L1/used/x"] = standing(
            "limit.mismatch",
            Json{{"limit", "L1"}, {"field", "used"}, {"ours", rubles(ours)}, {"theirs", rubles(1)}}
        );
        return now_of(with).problems.size() == 2;
    };
    const auto consumed = announced.consumed("L1").minor / 100;
    CHECK(mismatch(consumed));
    CHECK_FALSE(mismatch(consumed + 1));
}

TEST_CASE("an account's share is of what was granted, and beyond everything where nothing was") {
    AccountNow account;
    CHECK(account.share_permille() == 0);
    account.consumed.minor = 50;
    CHECK(account.share_permille() > 1'000'000);
    account.granted.minor = 200;
    CHECK(account.share_permille() == 250);
    account.granted.minor = 1;
    account.consumed.minor = kMinorMax;
    CHECK(account.share_permille() == 1'000'000'000);
}

}  // namespace mis::domain::now_test
