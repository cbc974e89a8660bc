// One account's page: the sheet that the ledger gives (domain/limit_ledger/account_sheet.hpp) with
// everything that a clerk compares it with, as JSON.
#pragma once

#include <optional>
#include <string>

#include "base/identity.hpp"
#include "base/json.hpp"
#include "domain/rules.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

// Where the group's announcements and facts lie, and by which rules they are read.
struct BooksAsked {
    sqlite::Database& database;
    const Identity& identity;
    const domain::Rules& rules;
    std::int64_t now_us = 0;
};

// nullopt: no account of that id stands.
std::optional<Json> account_page(const BooksAsked& asked, const std::string& id);

// What disagrees in the account now: [{field, ours, theirs, lines}]; empty: nothing.
Json mismatches_of(const BooksAsked& asked, std::int64_t group, const std::string& id);

}  // namespace mis::gateway
