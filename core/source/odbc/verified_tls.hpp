// FreeTDS checks certificates only as its configuration file says: one of this process's own, in a
// private folder, holds a section for each server that is to be verified.
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/connection_config.hpp"

namespace mis::source::odbc {

// The name of the server's section. misconfigured: the authority's file cannot be read.
// unavailable: the file cannot be written.
Result<std::string> verified_section(const config::OdbcConfig& base);

}  // namespace mis::source::odbc
