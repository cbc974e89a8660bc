// The rows of domain_store/now_store.hpp made anew from what stands announced: once for a store
// that came from a layout without them, and whenever they are in doubt.
#pragma once

#include "sqlite/database.hpp"

namespace mis::gateway {

// Returns at once where they were made before. Group by group, a commit each thousand: what was cut
// off begins again. Throws sqlite::StoreError.
void make_now_rows_once(sqlite::Database& database);

void rebuild_now_rows(sqlite::Database& database);

}  // namespace mis::gateway
