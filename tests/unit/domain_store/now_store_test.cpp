#include "domain_store/now_store.hpp"

#include <doctest/doctest.h>

#include "sqlite/migration.hpp"

namespace mis::domain_store::now_store_test {
namespace {

using domain::AccountNow;
using domain::Now;
using domain::ProblemNow;
using State = AccountsAsked::State;

AccountNow account(const std::string& id, std::int64_t granted, std::int64_t consumed) {
    AccountNow made;
    made.id = id;
    made.patient = "p" + id;
    made.payer = "ООО Выдумка";
    made.kind = "barter";
    made.granted = Money{granted, Currency{}};
    made.consumed = Money{consumed, Currency{}};
    return made;
}

ProblemNow mismatch(const std::string& key, const std::string& entity) {
    return {ProblemNow::Kind::mismatch, key, entity, "p", "{}"};
}

struct Store {
    sqlite::Database database = sqlite::Database::open(":memory:");
    NowStore rows{database};
    Store() { sqlite::create_tables(database); }

    std::int64_t save(std::int64_t group, const Now& now, std::int64_t now_us) {
        sqlite::Transaction transaction(database);
        const auto before = database.changes_ever();
        rows.save(transaction, group, now, now_us);
        const auto written = database.changes_ever() - before;
        transaction.commit();
        return written;
    }
    std::vector<std::string> ids(const AccountsAsked& asked) {
        std::vector<std::string> found;
        AccountsAsked page = asked;
        do {
            const auto answer = rows.accounts(page);
            for (const auto& row : answer.rows) found.push_back(row.account.id);
            page.after = answer.next;
        } while (!page.after.empty());
        return found;
    }
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("accounts are listed by share, end and payer, page by page, and by state") {
    Store store;
    Now now;
    now.accounts = {
        account("a", 100, 10), account("b", 100, 90), account("c", 100, 100),
        account("d", 100, 150), account("e", 0, 0)};
    now.accounts[0].valid_to = "2026-05-01";
    now.accounts[1].valid_to = "2026-04-01";
    now.accounts[2].closed = true;
    now.accounts[3].payer = "АО Пример";
    store.save(1, now, 5);
    for (const int limit : {1, 2, 50}) {
        CAPTURE(limit);
        AccountsAsked asked;
        asked.limit = limit;
        CHECK(store.ids(asked) == Ids{"d", "c", "b", "a", "e"});
        asked.order = AccountsAsked::Order::expiry;
        CHECK(store.ids(asked) == Ids{"b", "a", "c", "d", "e"});
        asked.order = AccountsAsked::Order::payer;
        CHECK(store.ids(asked) == Ids{"d", "a", "b", "c", "e"});
        asked.payer = "АО Пример";
        CHECK(store.ids(asked) == Ids{"d"});
        asked = {};
        asked.limit = limit;
        for (const auto& [state, wanted] :
             {std::pair{State::open, Ids{"a", "e"}},
              {State::low, Ids{"b"}},
              {State::closed, Ids{"c"}},
              {State::overrun, Ids{"d"}},
              {State::exhausted, Ids{}}}) {
            asked.state = state;
            CHECK(store.ids(asked) == wanted);
        }
    }
    CHECK(store.rows.account("b", 80)->state == State::low);
    CHECK(store.rows.account("b", 95)->state == State::open);
    CHECK_FALSE(store.rows.account("none", 80));
    CHECK(store.rows.accounts_of("pa").size() == 1);
    const auto payers = store.rows.payers(80);
    REQUIRE(payers.size() == 2);
    CHECK(payers[0].payer == "АО Пример");
    CHECK(payers[0].over == 1);
    CHECK(payers[1].accounts == 3);
    CHECK(payers[1].near == 1);
}

TEST_CASE("a group's rows are what it has now: nothing is written where nothing changed") {
    Store store;
    Now now;
    now.accounts = {account("a", 100, 10)};
    now.problems = {mismatch("m1", "a")};
    CHECK(store.save(1, now, 5) > 0);
    CHECK(store.save(1, now, 9) == 0);
    now.problems.push_back(mismatch("m2", "a"));
    CHECK(store.save(1, now, 9) == 1);
    const auto problems = store.rows.problems(ProblemNow::Kind::mismatch, {-1, ""}, 10);
    REQUIRE(problems.size() == 2);
    CHECK(problems[0].since_us == 5);  // when it was first seen
    CHECK(problems[1].since_us == 9);
    CHECK(store.rows.problems(ProblemNow::Kind::mismatch, {5, "m1"}, 10).size() == 1);
    CHECK(store.rows.problem_count(ProblemNow::Kind::mismatch) == 2);
    CHECK(store.rows.problems_of("a").size() == 2);

    // what another group has taken over stays when this one forgets it
    CHECK(store.save(2, now, 11) > 0);
    CHECK(store.save(1, {}, 12) == 0);
    CHECK(store.rows.account("a", 80)->group == 2);
    CHECK(store.rows.problems_of("a")[0].since_us == 5);
    store.save(2, {}, 13);
    CHECK_FALSE(store.rows.account("a", 80));
    CHECK(store.rows.problem_count(ProblemNow::Kind::mismatch) == 0);
}

}  // namespace mis::domain_store::now_store_test
