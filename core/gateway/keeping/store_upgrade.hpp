// A clinic's store is brought to the layout of this program (sqlite/migration.hpp).
//
// Before the first step a copy is made beside the store, store.layout-N.YYYYMMDDTHHMMSSZ.db, of
// which the newest of each of the last three layouts are kept. Nobody else may have the store
// meanwhile: the instance lock is held. Killed anywhere, the store has the layout before or after a
// step, and the next start goes on. Going back to the program of before means putting the copy in
// the store's place; what was sent since is noticed (gateway/sent_mark.hpp).
#pragma once

#include <filesystem>
#include <vector>

#include "sqlite/database.hpp"

namespace mis::gateway {

// A new store gets all its tables, an older one the steps that are missing, a current one nothing.
// Throws std::runtime_error with the remedy: a newer program's store, another process on it, no
// room for the copy, a step that failed; the store then is as it was before that step.
void upgrade_store(const std::filesystem::path& folder, sqlite::Database& database);

// The copies beside the store, the newest first.
std::vector<std::filesystem::path> store_copies(const std::filesystem::path& folder);

}  // namespace mis::gateway
