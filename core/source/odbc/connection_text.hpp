// The connection string of each driver, and what its refusals mean.
#pragma once

#include <string>

#include "base/result.hpp"
#include "source/odbc/settings.hpp"

namespace mis::source::odbc {

// Holds the password: for the driver, never for a log. misconfigured: a value that the driver
// cannot be told.
Result<std::string> connection_text(const OdbcSettings& settings);

std::string server_name(const config::OdbcConfig& base);  // "sql.clinic.local\SQLEXPRESS"

// The same error with its remedy, where there is one to be named.
Error explain_connecting(Error error, const OdbcSettings& settings);

}  // namespace mis::source::odbc
