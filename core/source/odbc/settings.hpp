// A MIS's own base behind an ODBC driver: SQL Server by FreeTDS, PostgreSQL, MariaDB. The driver
// manager and the driver are opened at run time; who has no such base needs neither.
//
// Read-only as far as the server lets itself be bound to it: a read-only session where there is one
// (PostgreSQL, MariaDB), ApplicationIntent=ReadOnly and a login without rights to write where there
// is none (SQL Server; `check` shows the login's rights). No hint that locks, no waiting for locks
// beyond kLockSecondsMax, first to be given up in a deadlock.
#pragma once

#include <string>

#include "config/connection_config.hpp"
#include "source/source.hpp"

namespace mis::source::odbc {

inline constexpr int kLockSecondsMax = 5;

struct OdbcSettings {
    config::OdbcConfig base;
    std::string password;
    Effort effort;
};

// misconfigured: the connector's fetches are of another dialect, a library is missing. Does not
// connect.
Result<std::unique_ptr<Source>> open(
    const Connector& connector, const OdbcSettings& settings, const Clock& clock,
    SourceOptions options
);
Opener opener(OdbcSettings settings);

}  // namespace mis::source::odbc
