// StoreMeta: who this store is. Clinic, instance and epoch, as rows of store_meta (its
// layout_version is sqlite/migration's).
//
// Identity is refused, not changed: another clinic id or pseudonym key in the config means another
// store (core/README.md, Guarantees). Only a hash of the pseudonym key is kept here. A new
// epoch is the operator's last resort (I4): consumers discard what they folded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sqlite/database.hpp"

namespace mis::outbox {

struct StoreMeta {
    std::string clinic_id;
    std::string instance_id;  // random, made with the store: exposes a second copy
    std::uint32_t epoch = 1;
};

// Creates the rows in a new store. misconfigured, naming the remedy: another clinic or another key.
Result<StoreMeta> open_store_meta(
    sqlite::Transaction& transaction, std::string_view clinic_id, std::string_view pseudonym_key
);

// The next epoch; announce it with source.rebuilt. Sequences begin again at 1 under the new first
// six digits. Audited.
StoreMeta start_new_epoch(
    sqlite::Transaction& transaction, std::string_view who, std::string_view ground,
    std::int64_t now_us
);

// Small values that other parts keep with the store ("" when absent).
std::string meta_value(sqlite::Database& database, std::string_view key);
void set_meta_value(sqlite::Transaction& transaction, std::string_view key, std::string_view value);

}  // namespace mis::outbox
