// Every station's tables in one clinic's store, created in order; idempotent.
#pragma once

#include "sqlite/database.hpp"

namespace mis::gateway {

void create_store_tables(sqlite::Database& database);

}  // namespace mis::gateway
