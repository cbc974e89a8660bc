// All accounts as they stand announced, for the list and for what waits because of them: one row
// each, read group by group. The figures are those that the command `limit` prints.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/money.hpp"
#include "base/timestamp.hpp"
#include "console/desk.hpp"
#include "domain/announced.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

struct AccountRow {
    std::int64_t group = 0;
    std::string id, patient, payer, kind, overrun_payer, order;
    std::string state;  // open, low, exhausted, overrun, closed
    Money granted, consumed;
    std::string valid_from, valid_to;  // days; empty: none
    bool shared = false;
    bool told_mismatch = false;  // of today's figures; it may have been mended since

    Money remaining() const;
    Money overrun() const;
    std::int64_t share_permille() const;  // of the limit; 0 where nothing was granted
};

// Of one group's announcements; empty id in the row: none.
void account_rows(
    const domain::Announced& announced, std::int64_t group, int low_percent,
    const std::function<void(AccountRow)>& visit
);
std::vector<AccountRow> all_accounts(sqlite::Database& database, int low_percent);

// The page and what comes after it, in the order that was asked for.
struct AccountPage {
    std::vector<const AccountRow*> rows;
    std::string next;  // empty: it is the last
};
AccountPage page_of(const std::vector<AccountRow>& all, const console::LimitsAsked& asked);

}  // namespace mis::gateway
