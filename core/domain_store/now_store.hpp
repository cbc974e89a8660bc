// NowStore: the rows of domain/now.hpp, saved with their group in the transaction of its meaning,
// and asked for by lists: each question walks an index, none reads a group.
//
// What is there can be made anew from the groups' announced states (gateway/keeping/now_rebuild).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/now.hpp"
#include "sqlite/database.hpp"

namespace mis::domain_store {

struct AccountsAsked {
    enum class Order { share, expiry, payer } order = Order::share;  // the fullest, the next to end
    std::string payer;                                               // exactly; empty: all
    enum class State { any, open, low, exhausted, overrun, closed } state = State::any;
    int low_percent = 80;  // from which share on an account is low
    std::string after;     // AccountPage::next of the page before
    int limit = 50;
};

struct AccountRow {
    domain::AccountNow account;
    std::int64_t group = 0;
    AccountsAsked::State state = AccountsAsked::State::open;
};

struct AccountPage {
    std::vector<AccountRow> rows;
    std::string next;  // empty: that was all
};

struct PayerCount {
    std::string payer;                              // empty: none is named
    std::int64_t accounts = 0, near = 0, over = 0;  // not closed; low or used up, beyond
};

struct ProblemRow {
    domain::ProblemNow problem;
    std::int64_t group = 0;
    std::int64_t since_us = 0;  // when its row was first made; 0: before layout 11
};

class NowStore {
  public:
    explicit NowStore(sqlite::Database& database) : database_(database) {}

    // What the group has instead of what it had. Nothing is written where nothing changed.
    void save(
        sqlite::Transaction& transaction, std::int64_t group, const domain::Now& now,
        std::int64_t now_us
    );
    // The rows of one group are another's from now on.
    static void move(sqlite::Transaction& transaction, std::int64_t from, std::int64_t to);
    static void forget_all(sqlite::Transaction& transaction);

    AccountPage accounts(const AccountsAsked& asked) const;
    std::optional<AccountRow> account(std::string_view id, int low_percent) const;
    std::vector<PayerCount> payers(int low_percent) const;
    std::vector<domain::AccountNow> accounts_of(std::string_view patient) const;
    std::vector<domain::PlanNow> plans_of(std::string_view patient) const;
    // Oldest first; `after` is (since_us, key) of the last one.
    std::vector<ProblemRow> problems(
        domain::ProblemNow::Kind kind, const std::pair<std::int64_t, std::string>& after, int limit
    ) const;
    std::vector<ProblemRow> problems_of(std::string_view entity) const;
    std::int64_t problem_count(domain::ProblemNow::Kind kind) const;

  private:
    sqlite::Database& database_;
};

}  // namespace mis::domain_store
