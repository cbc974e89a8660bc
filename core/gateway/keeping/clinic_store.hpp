// ClinicStore: one clinic's folder on this machine: store.db, pseudonym.key, lock. Everything that
// must survive is in the first two.
//
// The daemon holds the lock; a command that only reads opens beside it, one that writes small
// things (an order's link, a message handed in) shares the database through SQLite's own locking
// and lets the daemon give it meaning.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/identity.hpp"
#include "outbox/store_meta.hpp"
#include "platform/instance_lock.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

class ClinicStore {
  public:
    // existing: a store that is not there is an error, not a new beginning. rebuild: for `restore`,
    // which may begin anew beside a key that exists.
    enum class Opening { create, existing, rebuild };

    // Creates a new store's tables and key, upgrades an older store (store_upgrade.hpp). Throws
    // std::runtime_error with the remedy: another clinic id, a key that is missing or is not this
    // store's, a newer program's store, a damaged store, or (I4) a key whose store is lost: that is
    // never begun anew by itself. A crash in the middle of the very first opening leaves
    // pseudonym.key.first, with which the next one goes on.
    static std::unique_ptr<ClinicStore> open(
        const std::filesystem::path& folder, const std::string& clinic_id, Opening opening
    );

    // nullopt: another process of this program runs on this store.
    bool take_lock();

    sqlite::Database& database() { return database_; }
    std::mutex& mutex() { return mutex_; }  // held for every use of database() while workers run
    // Between two commits of long work: whoever waits for the store has it first.
    static void breathe(std::unique_lock<std::mutex>& lock);
    sqlite::Database reader() const {
        return sqlite::Database::open(file_, sqlite::Access::read_only);
    }
    const Identity& identity() const { return identity_; }
    const outbox::StoreMeta& meta() const { return meta_; }
    const std::filesystem::path& folder() const { return folder_; }
    const std::filesystem::path& file() const { return file_; }

    static std::filesystem::path store_file(const std::filesystem::path& folder) {
        return folder / "store.db";
    }
    static std::filesystem::path key_file(const std::filesystem::path& folder) {
        return folder / "pseudonym.key";
    }
    static std::filesystem::path first_key_file(const std::filesystem::path& folder) {
        return folder / "pseudonym.key.first";
    }

  private:
    ClinicStore(
        std::filesystem::path folder, sqlite::Database database, Identity identity,
        outbox::StoreMeta meta
    )
        : folder_(std::move(folder)),
          file_(store_file(folder_)),
          database_(std::move(database)),
          identity_(std::move(identity)),
          meta_(std::move(meta)) {}
    std::filesystem::path folder_, file_;
    sqlite::Database database_;
    std::mutex mutex_;
    Identity identity_;
    outbox::StoreMeta meta_;
    std::optional<platform::InstanceLock> lock_;
};

}  // namespace mis::gateway
