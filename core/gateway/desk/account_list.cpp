#include "gateway/desk/account_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "domain_store/group_store.hpp"

namespace mis::gateway {
namespace {

constexpr std::string_view kLimit = "limit/";

std::string state_of(const AccountRow& row, bool closed, int low_percent) {
    if (closed) return "closed";
    if (row.overrun().minor > 0) return "overrun";
    const bool nothing = row.granted.is_zero() && row.consumed.is_zero();
    if (!nothing && row.consumed >= row.granted) return "exhausted";
    const auto wide = [](std::int64_t a, std::int64_t b) { return static_cast<__int128_t>(a) * b; };
    if (!nothing && wide(row.consumed.minor, 100) >= wide(row.granted.minor, low_percent))
        return "low";
    return "open";
}

// "mismatch/ID/FIELD/OURS/THEIRS" stands for ever; it is of today where OURS is what we count now.
bool is_told_mismatch(const domain::Announced& announced, const AccountRow& row) {
    const auto stands = [&](const char* field, Money ours) {
        const std::string prefix =
            "mismatch/" + row.id + "/" + field + "/" + ours.to_string() + "/";
        const auto at = announced.standing.lower_bound(prefix);
        return at != announced.standing.end() && at->first.starts_with(prefix);
    };
    return stands("used", row.consumed) || stands("granted", row.granted) ||
           stands("remaining", row.remaining());
}

// What rows are ordered by; bytewise order is the wanted one.
std::string key_of(const AccountRow& row, console::LimitsAsked::Order order) {
    using Order = console::LimitsAsked::Order;
    constexpr std::int64_t kShareMax = 999'999'999'999;
    std::string key;
    if (order == Order::share)
        key = fmt::format("{:012}", kShareMax - std::min(row.share_permille(), kShareMax));
    else if (order == Order::expiry)
        key = row.valid_to.empty() ? "9999-99-99" : row.valid_to;
    else
        key = row.payer.empty() ? "\xff" : fold(row.payer);
    return key + '\x1f' + row.id;
}

}  // namespace

Money AccountRow::remaining() const {
    return Money{
        granted.minor > consumed.minor ? granted.minor - consumed.minor : 0, granted.currency};
}

Money AccountRow::overrun() const {
    return Money{
        consumed.minor > granted.minor ? consumed.minor - granted.minor : 0, granted.currency};
}

std::int64_t AccountRow::share_permille() const {
    if (granted.minor <= 0) return 0;
    return multiply_ratio(consumed.minor, 1000, granted.minor);
}

void account_rows(
    const domain::Announced& announced, std::int64_t group, int low_percent,
    const std::function<void(AccountRow)>& visit
) {
    for (auto at = announced.standing.lower_bound(kLimit);
         at != announced.standing.end() && at->first.starts_with(kLimit); ++at) {
        const JsonText& told = at->second.data;
        AccountRow row;
        row.group = group;
        row.id = at->first.substr(kLimit.size());
        row.patient = told.find("patient").string();
        row.payer = told.find("payer_party").string();
        row.kind = told.find("kind").string();
        row.overrun_payer = told.find("overrun_payer").string();
        row.order = told.find("order").string();
        row.valid_from = told.find("valid_from").string();
        row.valid_to = told.find("valid_to").string();
        row.shared = told.find("shared").boolean().value_or(false);
        row.granted = told.find("granted").money().value_or(Money{});
        row.consumed = announced.consumed(row.id);
        row.consumed.currency = row.granted.currency;
        row.state = state_of(row, told.find("closed").boolean().value_or(false), low_percent);
        row.told_mismatch = row.state != "closed" && is_told_mismatch(announced, row);
        visit(std::move(row));
    }
}

std::vector<AccountRow> all_accounts(sqlite::Database& database, int low_percent) {
    std::vector<AccountRow> rows;
    const domain_store::GroupStore groups(database);
    for (std::int64_t after = 0;;) {
        const auto page = groups.groups_after(after, domain_store::GroupStore::kPerPage);
        if (page.empty()) return rows;
        for (const auto group : page) {
            after = group;
            const std::string text = groups.announced(group);
            if (text.find("\"limit/") == std::string::npos) continue;
            if (const auto announced = domain::Announced::from_text(text))
                account_rows(*announced, group, low_percent, [&](AccountRow row) {
                    rows.push_back(std::move(row));
                });
        }
    }
}

AccountPage page_of(const std::vector<AccountRow>& all, const console::LimitsAsked& asked) {
    struct Keyed {
        std::string key;
        const AccountRow* row = nullptr;
    };
    const std::string after = from_base64(asked.page.after).value_or("");
    std::vector<Keyed> found;
    for (const AccountRow& row : all) {
        if (!asked.payer.empty() && row.payer != asked.payer) continue;
        if (!asked.state.empty() && row.state != asked.state) continue;
        std::string key = key_of(row, asked.order);
        if (key > after) found.push_back({std::move(key), &row});
    }
    const auto most = std::min(found.size(), static_cast<std::size_t>(asked.page.limit));
    std::partial_sort(
        found.begin(), found.begin() + static_cast<std::ptrdiff_t>(most), found.end(),
        [](const Keyed& a, const Keyed& b) { return a.key < b.key; }
    );
    AccountPage page;
    for (std::size_t i = 0; i < most; ++i) page.rows.push_back(found[i].row);
    if (most < found.size() && most > 0) page.next = to_base64(found[most - 1].key);
    return page;
}

}  // namespace mis::gateway
