#include "gateway/clinic_store.hpp"

#include <stdexcept>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "gateway/store_tables.hpp"
#include "platform/file.hpp"

namespace mis::gateway {
namespace {

constexpr std::size_t kKeyBytes = 32;

std::string read_or_make_key(const std::filesystem::path& folder, bool store_exists) {
    const auto file = ClinicStore::key_file(folder);
    if (!std::filesystem::exists(file)) {
        if (store_exists)
            throw std::runtime_error(
                file.string() + " is missing, but " + ClinicStore::store_file(folder).string() +
                " exists: the pseudonyms already sent were made with that key. Put it back from the backup (`mis-gateway restore`)"
            );
        const std::string key = random_bytes(kKeyBytes);
        platform::write_file_atomically(file, to_hex(std::span(reinterpret_cast<const std::uint8_t*>(key.data()), key.size())) + "\n");
        return key;
    }
    const auto key = from_hex(trim(platform::read_file(file)));
    if (!key || key->size() != kKeyBytes)
        throw std::runtime_error(file.string() + " is not a key of this program (64 hex digits): put it back from the backup");
    return *key;
}

}  // namespace

std::unique_ptr<ClinicStore> ClinicStore::open(const std::filesystem::path& folder, const std::string& clinic_id, Opening opening) {
    const bool exists = std::filesystem::exists(store_file(folder));
    if (!exists && opening == Opening::existing)
        throw std::runtime_error("no store in " + folder.string() + ": `mis-gateway run` or `mis-gateway sync --once` makes it");
    platform::make_private_directory(folder);
    const std::string key = read_or_make_key(folder, exists);
    auto database = sqlite::Database::open(store_file(folder));
    create_store_tables(database);
    sqlite::Transaction transaction(database);
    auto meta = outbox::open_store_meta(transaction, clinic_id, key);
    if (!meta) throw std::runtime_error(store_file(folder).string() + ": " + meta.error().text);
    transaction.commit();
    return std::unique_ptr<ClinicStore>(new ClinicStore(folder, std::move(database), Identity(clinic_id, key), std::move(*meta)));
}

bool ClinicStore::take_lock() {
    lock_ = platform::InstanceLock::try_take(folder_ / "lock");
    return lock_.has_value();
}

}  // namespace mis::gateway
