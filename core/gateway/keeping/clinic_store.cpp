#include "gateway/keeping/clinic_store.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "gateway/keeping/now_rebuild.hpp"
#include "gateway/keeping/store_upgrade.hpp"
#include "platform/file.hpp"
#include "sqlite/migration.hpp"

namespace mis::gateway {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::chrono::milliseconds kBreather{1};  // long enough for a waiting thread to wake

// A new store's key has another name until the store that knows it is committed: so a key under its
// own name means that there was a store.
std::string read_or_make_key(const std::filesystem::path& folder, bool store_exists) {
    auto file = ClinicStore::key_file(folder);
    if (!std::filesystem::exists(file)) {
        file = ClinicStore::first_key_file(folder);
        if (!std::filesystem::exists(file)) {
            if (store_exists)
                throw std::runtime_error(
                    ClinicStore::key_file(folder).string() + " is missing, but " +
                    ClinicStore::store_file(folder).string() +
                    " exists: the pseudonyms already sent were made with that key. Put it back "
                    "from the backup (`mis-gateway restore`)"
                );
            const std::string key = random_bytes(kKeyBytes);
            platform::write_file_atomically(
                file,
                to_hex(std::span(reinterpret_cast<const std::uint8_t*>(key.data()), key.size())) +
                    "\n"
            );
            return key;
        }
    }
    const auto key = from_hex(trim(platform::read_file(file)));
    if (!key || key->size() != kKeyBytes)
        throw std::runtime_error(
            file.string() +
            " is not a key of this program (64 hex digits): put it back from the backup"
        );
    return *key;
}

// I4: what was announced cannot be read back from the MIS.
[[noreturn]] void refuse_lost_store(const std::filesystem::path& folder) {
    throw std::runtime_error(
        ClinicStore::store_file(folder).string() + " is missing or empty, but " +
        ClinicStore::key_file(folder).string() +
        " exists: events were sent from here, and a new store would send them differently. Bring "
        "it back with `mis-gateway restore --backup FILE` " +
        "(move the key away first), or from what was sent with `restore --events FILE...`; only "
        "when neither exists, `restore --new-epoch`"
    );
}

bool knows_its_clinic(sqlite::Database& database) {
    return sqlite::layout_of(database) > 0 && !outbox::meta_value(database, "clinic_id").empty();
}

}  // namespace

std::unique_ptr<ClinicStore> ClinicStore::open(
    const std::filesystem::path& folder, const std::string& clinic_id, Opening opening
) {
    const bool exists = std::filesystem::exists(store_file(folder));
    const bool had_store = std::filesystem::exists(key_file(folder));
    if (!exists && opening == Opening::existing)
        throw std::runtime_error(
            "no store in " + folder.string() +
            ": `mis-gateway run` or `mis-gateway sync --once` makes it"
        );
    if (had_store && opening != Opening::rebuild &&
        (!exists || std::filesystem::file_size(store_file(folder)) == 0))
        refuse_lost_store(folder);
    platform::make_private_directory(folder);
    const std::string key = read_or_make_key(folder, exists);
    try {
        auto database = sqlite::Database::open(store_file(folder));
        if (had_store && opening != Opening::rebuild && !knows_its_clinic(database))
            refuse_lost_store(folder);
        upgrade_store(folder, database);
        sqlite::Transaction transaction(database);
        auto meta = outbox::open_store_meta(transaction, clinic_id, key);
        if (!meta) throw std::runtime_error(store_file(folder).string() + ": " + meta.error().text);
        transaction.commit();
        make_now_rows_once(database);
        if (!had_store) platform::rename_durably(first_key_file(folder), key_file(folder));
        return std::unique_ptr<ClinicStore>(
            new ClinicStore(folder, std::move(database), Identity(clinic_id, key), std::move(*meta))
        );
    } catch (const sqlite::StoreError& error) {
        if (error.kind != sqlite::StoreError::Kind::corrupt) throw;
        throw std::runtime_error(
            store_file(folder).string() + " is damaged (" + error.what() +
            "): move it and the key away and bring both back with `mis-gateway restore --backup "
            "FILE`, then `restore --events FILE...` for what was sent since"
        );
    }
}

bool ClinicStore::take_lock() {
    lock_ = platform::InstanceLock::try_take(folder_ / "lock");
    return lock_.has_value();
}

void ClinicStore::breathe(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    std::this_thread::sleep_for(kBreather);
    lock.lock();
}

}  // namespace mis::gateway
