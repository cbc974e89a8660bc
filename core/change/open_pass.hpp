// Open passes (D2): what a pass of a source has captured has no meaning before the pass is
// complete.
//
// A pass opens with the first batch that it writes, in that batch's transaction, and is closed when
// every stream was read to its end in one state of the source. One that was cut (the connection was
// lost, we stopped or were killed) stays open in the store until a later pass is complete.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "sqlite/database.hpp"

namespace mis::change {

void open_pass(sqlite::Transaction& transaction, const std::string& source, std::int64_t now_us);
void close_pass(sqlite::Transaction& transaction, const std::string& source);
std::set<std::string> open_passes(sqlite::Database& database);  // names of sources

}  // namespace mis::change
