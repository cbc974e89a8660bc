#include "domain_store/now_store.hpp"

#include <algorithm>

namespace mis::domain_store {
namespace {

using domain::AccountNow;
using domain::PlanNow;
using domain::ProblemNow;
using State = AccountsAsked::State;

constexpr std::string_view kAccountColumns =
    "id, patient, payer, kind, overrun_payer, order_id, currency, granted, consumed, valid_from, "
    "valid_to, shared, closed, leaves, group_id";

Currency currency_of(std::string_view code) { return Currency::parse(code).value_or(Currency{}); }

AccountNow account_in(const sqlite::Statement& row) {
    AccountNow account;
    account.id = row.string(0);
    account.patient = row.string(1);
    account.payer = row.string(2);
    account.kind = row.string(3);
    account.overrun_payer = row.string(4);
    account.order = row.string(5);
    const Currency currency = currency_of(row.text(6));
    account.granted = Money{row.integer(7), currency};
    account.consumed = Money{row.integer(8), currency};
    account.valid_from = row.string(9);
    account.valid_to = row.string(10);
    account.shared = row.integer(11) != 0;
    account.closed = row.integer(12) != 0;
    account.leaves = row.integer(13) != 0;
    return account;
}

// L4, as the domain judges it.
State state_of(const AccountNow& account, int low_percent) {
    if (account.closed) return State::closed;
    if (account.consumed.minor > account.granted.minor) return State::overrun;
    if (account.granted.is_zero() && account.consumed.is_zero()) return State::open;
    if (account.consumed.minor >= account.granted.minor) return State::exhausted;
    const auto wide = [](std::int64_t a, std::int64_t b) { return static_cast<__int128_t>(a) * b; };
    return wide(account.consumed.minor, 100) >= wide(account.granted.minor, low_percent)
               ? State::low
               : State::open;
}

AccountRow row_of(const sqlite::Statement& row, int low_percent) {
    AccountRow found{account_in(row), row.integer(14), State::open};
    found.state = state_of(found.account, low_percent);
    return found;
}

ProblemRow problem_in(const sqlite::Statement& row) {
    return {
        {static_cast<ProblemNow::Kind>(row.integer(1)), row.string(0), row.string(2), row.string(3),
         row.string(4)},
        row.integer(5),
        row.integer(6)};
}
constexpr std::string_view kProblemColumns =
    "select key, kind, entity, patient, body, group_id, since_us from problem_now ";

// Those of the group's rows that are not among `kept` go.
template <typename Rows, typename KeyOf>
void forget_others(
    sqlite::Transaction& transaction, const char* select, const char* erase, std::int64_t group,
    const Rows& kept, const KeyOf& key_of
) {
    std::vector<std::string> gone;
    {
        auto known = transaction.prepare(select);
        for (known.with(group); known.step();) {
            const std::string_view key = known.text(0);
            if (std::none_of(kept.begin(), kept.end(), [&](const auto& one) {
                    return key_of(one) == key;
                }))
                gone.emplace_back(key);
        }
    }
    for (const auto& key : gone) transaction.prepare(erase).with(key, group).run();
}

void save_accounts(
    sqlite::Transaction& transaction, std::int64_t group, const std::vector<AccountNow>& accounts
) {
    forget_others(
        transaction, "select id from account_now where group_id = ?",
        "delete from account_now where id = ? and group_id = ?", group, accounts,
        [](const AccountNow& one) -> const std::string& { return one.id; }
    );
    for (const AccountNow& one : accounts)
        transaction
            .prepare(
                "insert into account_now (id, group_id, patient, payer, kind, overrun_payer, "
                "order_id, currency, granted, consumed, share_permille, valid_from, valid_to, "
                "shared, closed, leaves) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                "?12, ?13, ?14, ?15, ?16) on conflict (id) do update set group_id = ?2, patient = "
                "?3, payer = ?4, kind = ?5, overrun_payer = ?6, order_id = ?7, currency = ?8, "
                "granted = ?9, consumed = ?10, share_permille = ?11, valid_from = ?12, valid_to = "
                "?13, shared = ?14, closed = ?15, leaves = ?16 where (group_id, patient, payer, "
                "kind, overrun_payer, order_id, currency, granted, consumed, valid_from, valid_to, "
                "shared, closed, leaves) is not (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?12, ?13, "
                "?14, ?15, ?16)"
            )
            .with(
                one.id, group, one.patient, one.payer, one.kind, one.overrun_payer, one.order,
                one.granted.currency.code(), one.granted.minor, one.consumed.minor,
                one.share_permille(), one.valid_from, one.valid_to, one.shared ? 1 : 0,
                one.closed ? 1 : 0, one.leaves ? 1 : 0
            )
            .run();
}

void save_plans(
    sqlite::Transaction& transaction, std::int64_t group, const std::vector<PlanNow>& plans
) {
    forget_others(
        transaction, "select id from plan_now where group_id = ?",
        "delete from plan_now where id = ? and group_id = ?", group, plans,
        [](const PlanNow& one) -> const std::string& { return one.id; }
    );
    for (const PlanNow& one : plans)
        transaction
            .prepare(
                "insert into plan_now (id, group_id, patient, order_id, items, performed, voided, "
                "currency, total, performed_total, closed, leaves) values (?1, ?2, ?3, ?4, ?5, ?6, "
                "?7, ?8, ?9, ?10, ?11, ?12) on conflict (id) do update set group_id = ?2, patient "
                "= ?3, order_id = ?4, items = ?5, performed = ?6, voided = ?7, currency = ?8, "
                "total = ?9, performed_total = ?10, closed = ?11, leaves = ?12 where (group_id, "
                "patient, order_id, items, performed, voided, currency, total, performed_total, "
                "closed, leaves) is not (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
            )
            .with(
                one.id, group, one.patient, one.order, one.items, one.performed, one.voided,
                one.total.currency.code(), one.total.minor, one.performed_total.minor,
                one.closed ? 1 : 0, one.leaves ? 1 : 0
            )
            .run();
}

void save_problems(
    sqlite::Transaction& transaction, std::int64_t group, const std::vector<ProblemNow>& problems,
    std::int64_t now_us
) {
    forget_others(
        transaction, "select key from problem_now where group_id = ?",
        "delete from problem_now where key = ? and group_id = ?", group, problems,
        [](const ProblemNow& one) -> const std::string& { return one.key; }
    );
    for (const ProblemNow& one : problems)
        transaction
            .prepare(
                "insert into problem_now (key, group_id, kind, entity, patient, since_us, body) "
                "values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (key) do update set group_id = "
                "?2, entity = ?4, patient = ?5, body = ?7 where (group_id, entity, patient, body) "
                "is not (?2, ?4, ?5, ?7)"
            )
            .with(
                one.key, group, static_cast<int>(one.kind), one.entity, one.patient, now_us,
                one.body
            )
            .run();
}

// Where a page goes on: what the order is by, and the id.
struct Place {
    std::string by, id;
};

Place place_in(const std::string& after) {
    const auto cut = after.find('\x1f');
    if (cut == std::string::npos) return {};
    return {after.substr(0, cut), after.substr(cut + 1)};
}

// Each order by its index. ?1: payer, ?2 and ?3: behind which row, ?4: that many; ?5: whether there
// is such a row. Accounts without an end come last.
std::string list_of(const AccountsAsked& asked, bool endless) {
    using Order = AccountsAsked::Order;
    const std::string select = "select " + std::string(kAccountColumns) + " from account_now ";
    const std::string of_payer = asked.payer.empty() ? "?1 = ''" : "payer = ?1";
    if (asked.order == Order::share)
        return select + "where " + of_payer +
               " and (?5 = 0 or share_permille < cast(?2 as integer) or (share_permille = cast(?2 "
               "as integer) and id > ?3)) order by share_permille desc, id limit ?4";
    if (asked.order == Order::payer)
        return select + "where " + of_payer +
               " and (?5 = 0 or (payer, id) > (?2, ?3)) order by payer, id limit ?4";
    if (endless)
        return select + "where " + of_payer +
               " and valid_to = '' and (?5 = 0 or id > ?3) and ?2 = '' order by id limit ?4";
    return select + "where " + of_payer +
           " and valid_to <> '' and (?5 = 0 or (valid_to, id) > (?2, ?3)) order by valid_to, id "
           "limit ?4";
}

std::string place_of(const AccountRow& row, AccountsAsked::Order order) {
    using Order = AccountsAsked::Order;
    const auto& account = row.account;
    const std::string by = order == Order::share    ? std::to_string(account.share_permille())
                           : order == Order::expiry ? account.valid_to
                                                    : account.payer;
    return by + '\x1f' + account.id;
}

}  // namespace

void NowStore::save(
    sqlite::Transaction& transaction, std::int64_t group, const domain::Now& now,
    std::int64_t now_us
) {
    save_accounts(transaction, group, now.accounts);
    save_plans(transaction, group, now.plans);
    save_problems(transaction, group, now.problems, now_us);
}

void NowStore::move(sqlite::Transaction& transaction, std::int64_t from, std::int64_t to) {
    for (const char* sql :
         {"update account_now set group_id = ?1 where group_id = ?2",
          "update plan_now set group_id = ?1 where group_id = ?2",
          "update problem_now set group_id = ?1 where group_id = ?2"})
        transaction.prepare(sql).with(to, from).run();
}

void NowStore::forget_all(sqlite::Transaction& transaction) {
    for (const char* sql :
         {"delete from account_now", "delete from plan_now", "delete from problem_now"})
        transaction.prepare(sql).run();
}

AccountPage NowStore::accounts(const AccountsAsked& asked) const {
    AccountPage page;
    const bool by_expiry = asked.order == AccountsAsked::Order::expiry;
    std::string after = asked.after;
    bool endless = by_expiry && !after.empty() && place_in(after).by.empty();
    const auto wanted = static_cast<std::size_t>(std::max(asked.limit, 1));
    // A state is no column: rows are read on until so many are of it.
    for (;;) {
        const Place place = place_in(after);
        auto query = database_.prepare(list_of(asked, endless));
        const int rows_max = std::max(asked.limit + 1, 50);
        query.with(asked.payer, place.by, place.id, rows_max, after.empty() ? 0 : 1);
        int rows = 0;
        for (; query.step(); ++rows) {
            AccountRow row = row_of(query, asked.low_percent);
            after = place_of(row, asked.order);
            if (asked.state != State::any && row.state != asked.state) continue;
            if (page.rows.size() == wanted) {
                page.next = place_of(page.rows.back(), asked.order);
                return page;
            }
            page.rows.push_back(std::move(row));
        }
        if (rows == rows_max) continue;
        if (!by_expiry || endless) return page;
        endless = true;  // those without an end
        after.clear();
    }
}

std::optional<AccountRow> NowStore::account(std::string_view id, int low_percent) const {
    auto query = database_.prepare(
        "select " + std::string(kAccountColumns) + " from account_now where id = ?"
    );
    if (!query.with(id).step()) return std::nullopt;
    return row_of(query, low_percent);
}

std::vector<PayerCount> NowStore::payers(int low_percent) const {
    std::vector<PayerCount> counts;
    auto query = database_.prepare(
        "select payer, count(*), sum(consumed <= granted and granted > 0 and consumed * 100.0 >= "
        "granted * 1.0 * ?1), sum(consumed > granted) from account_now where closed = 0 group by "
        "payer order by payer"
    );
    for (query.with(low_percent); query.step();)
        counts.push_back({query.string(0), query.integer(1), query.integer(2), query.integer(3)});
    return counts;
}

std::vector<AccountNow> NowStore::accounts_of(std::string_view patient) const {
    std::vector<AccountNow> found;
    auto query = database_.prepare(
        "select " + std::string(kAccountColumns) +
        " from account_now where patient = ? and patient <> '' order by id"
    );
    for (query.with(patient); query.step();) found.push_back(account_in(query));
    return found;
}

std::vector<PlanNow> NowStore::plans_of(std::string_view patient) const {
    std::vector<PlanNow> found;
    auto query = database_.prepare(
        "select id, patient, order_id, items, performed, voided, currency, total, "
        "performed_total, closed, leaves from plan_now where patient = ? order by id"
    );
    for (query.with(patient); query.step();) {
        const Currency currency = currency_of(query.text(6));
        PlanNow plan;
        plan.id = query.string(0);
        plan.patient = query.string(1);
        plan.order = query.string(2);
        plan.items = query.integer(3);
        plan.performed = query.integer(4);
        plan.voided = query.integer(5);
        plan.total = Money{query.integer(7), currency};
        plan.performed_total = Money{query.integer(8), currency};
        plan.closed = query.integer(9) != 0;
        plan.leaves = query.integer(10) != 0;
        found.push_back(std::move(plan));
    }
    return found;
}

std::vector<ProblemRow> NowStore::problems(
    ProblemNow::Kind kind, const std::pair<std::int64_t, std::string>& after, int limit
) const {
    std::vector<ProblemRow> found;
    auto query = database_.prepare(
        std::string(kProblemColumns) +
        "where kind = ? and (since_us, key) > (?, ?) order by since_us, key limit ?"
    );
    for (query.with(static_cast<int>(kind), after.first, after.second, limit); query.step();)
        found.push_back(problem_in(query));
    return found;
}

std::vector<ProblemRow> NowStore::problems_of(std::string_view entity) const {
    std::vector<ProblemRow> found;
    auto query =
        database_.prepare(std::string(kProblemColumns) + "where entity = ? order by kind, key");
    for (query.with(entity); query.step();) found.push_back(problem_in(query));
    return found;
}

std::int64_t NowStore::problem_count(ProblemNow::Kind kind) const {
    auto query = database_.prepare("select count(*) from problem_now where kind = ?");
    return query.with(static_cast<int>(kind)).step() ? query.integer(0) : 0;
}

}  // namespace mis::domain_store
