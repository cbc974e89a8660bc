// Backup and restore of one clinic's store: the database, consistent, and the pseudonym key, sealed
// with a passphrase.
//
// A restored store is behind what was sent since: take_over.hpp brings that in. Memory: about twice
// the store's size while it runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gateway/keeping/clinic_store.hpp"

namespace mis::gateway {

struct BackupReport {
    std::uint64_t store_bytes = 0, file_bytes = 0;
    std::string audit_head;
};

inline constexpr const char* kStandardOutput = "-";

// A backup replaces regular files only, and none that the store or the configuration (`in_use`)
// lives by. misconfigured, with the remedy.
Result<void> check_backup_target(
    const ClinicStore& store, const std::filesystem::path& file,
    const std::vector<std::filesystem::path>& in_use
);

// May run beside the daemon. `file`: as checked, or kStandardOutput. It is there whole or not at
// all. rejected: another backup is being written. Throws for a folder or disk that does not work.
Result<BackupReport> write_backup(
    ClinicStore& store, const std::filesystem::path& file, std::string_view passphrase,
    std::int64_t now_us
);

// Puts store and key into `folder`, which must hold neither. malformed: wrong passphrase or damage
// · misconfigured: another clinic, a folder in use.
Result<void> open_backup(
    const std::filesystem::path& file, std::string_view passphrase,
    const std::filesystem::path& folder, const std::string& clinic_id
);

}  // namespace mis::gateway
