// Backup and restore of one clinic's store: the database, consistent, and the pseudonym key, sealed
// with a passphrase.
//
// A restored store is behind what was sent since: `restore` first takes the events already sent
// (file sink, feed) to recover what was announced, the ids used and the sequences, then the next
// pass compares with the MIS (I4). Memory: about twice the store's size while it runs.
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

// May run beside the daemon. Throws for a folder or disk that does not work.
BackupReport write_backup(
    ClinicStore& store, const std::filesystem::path& file, std::string_view passphrase,
    std::int64_t now_us
);

// Puts store and key into `folder`, which must hold neither. malformed: wrong passphrase or damage
// · misconfigured: another clinic, a folder in use.
Result<void> open_backup(
    const std::filesystem::path& file, std::string_view passphrase,
    const std::filesystem::path& folder, const std::string& clinic_id
);

struct ReplayReport {
    std::int64_t events = 0;   // read from the files
    std::int64_t applied = 0;  // that the store did not know yet
    std::int64_t groups = 0;
    // Events tell of them, and what the exchange wrote is lost with the store: without it the next
    // pass would find their patients unlinked, and take their plans and charges back.
    std::vector<std::string> orders_without_message;
};

// The events already sent, as JSON Lines of CloudEvents, in any order of files: ids, sequences and
// what was announced become known again.
Result<ReplayReport> take_sent_events(
    ClinicStore& store, const std::vector<std::filesystem::path>& files
);

}  // namespace mis::gateway
