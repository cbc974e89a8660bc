// A database that nobody else can open and that outlives nobody: a file without a name in a folder
// of the caller's choice (made with mode 0600, unlinked before anything is written to it). Gone
// with the Database, and with the process however it ends. Nothing is synced, a journal is kept in
// memory: for what can be had again.
#pragma once

#include <cstdint>
#include <filesystem>

#include "sqlite/database.hpp"

namespace mis::sqlite {

inline constexpr std::int64_t kPrivatePageBytes = 4096;

// bytes_max: StoreError::Kind::full beyond. Throws StoreError, std::system_error (no file can be
// made in that folder).
Database open_private_database(const std::filesystem::path& folder, std::int64_t bytes_max);

}  // namespace mis::sqlite
