// In which stream a record stands.
#pragma once

#include <string>

#include "base/identity.hpp"
#include "sqlite/database.hpp"

namespace mis::change {

// Empty: it does not stand.
std::string stream_of(sqlite::Database& database, const RecordKey& key);

}  // namespace mis::change
