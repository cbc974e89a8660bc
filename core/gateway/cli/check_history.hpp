// What a changed `counts_from` of a source will do at the next start (D5), before it does it.
#pragma once

#include <optional>
#include <string>

#include "base/timestamp.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway::cli {

// `source` as the store knows it; `from` as configured now, none: everything counts. nullopt: as
// it was worked out last, or nothing of it lies between. Reads the source's records if it differs.
std::optional<std::string> history_remark(
    sqlite::Database& database, const std::string& source, const std::optional<Date>& from
);

}  // namespace mis::gateway::cli
