#include "outbox/store_meta.hpp"

#include <charconv>

#include "base/crypto.hpp"
#include "disclosure/audit.hpp"

namespace mis::outbox {
namespace {

std::uint32_t number_of(std::string_view text) {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// Enough to notice another key, useless for guessing it: the key is long and random.
std::string key_mark(std::string_view pseudonym_key) {
    return to_hex(sha256("pseudonym key of a MIS Gateway store:" + std::string(pseudonym_key)));
}

}  // namespace

std::string meta_value(sqlite::Database& database, std::string_view key) {
    auto query = database.prepare("select value from store_meta where key = ?");
    return query.with(key).step() ? query.string(0) : std::string{};
}

void set_meta_value(
    sqlite::Transaction& transaction, std::string_view key, std::string_view value
) {
    transaction.prepare("insert or replace into store_meta(key, value) values (?, ?)")
        .with(key, value)
        .run();
}

Result<StoreMeta> open_store_meta(
    sqlite::Transaction& transaction, std::string_view clinic_id, std::string_view pseudonym_key
) {
    sqlite::Database& database = transaction.database();
    if (meta_value(database, "clinic_id").empty()) {
        const std::string random = random_bytes(16);
        set_meta_value(transaction, "clinic_id", clinic_id);
        set_meta_value(
            transaction, "instance_id",
            to_hex({reinterpret_cast<const std::uint8_t*>(random.data()), random.size()})
        );
        set_meta_value(transaction, "pseudonym_key_mark", key_mark(pseudonym_key));
        set_meta_value(transaction, "epoch", "1");
    }
    StoreMeta meta;
    meta.clinic_id = meta_value(database, "clinic_id");
    meta.instance_id = meta_value(database, "instance_id");
    meta.epoch = number_of(meta_value(database, "epoch"));
    if (meta.clinic_id != clinic_id)
        return fail(
            ErrorKind::misconfigured,
            "opening the store: it belongs to clinic " + meta.clinic_id + ", the config says " +
                std::string(clinic_id) +
                "; set clinic.id back, or give this clinic a data directory of its own"
        );
    if (meta_value(database, "pseudonym_key_mark") != key_mark(pseudonym_key))
        return fail(
            ErrorKind::misconfigured,
            "opening the store: the pseudonym key is another one than the store was made with; put "
            "the key file from the backup back"
        );
    return meta;
}

StoreMeta start_new_epoch(
    sqlite::Transaction& transaction, std::string_view who, std::string_view ground,
    std::int64_t now_us
) {
    sqlite::Database& database = transaction.database();
    StoreMeta meta;
    meta.clinic_id = meta_value(database, "clinic_id");
    meta.instance_id = meta_value(database, "instance_id");
    meta.epoch = number_of(meta_value(database, "epoch")) + 1;
    MIS_ASSERT(meta.epoch <= 999'999);
    set_meta_value(transaction, "epoch", std::to_string(meta.epoch));
    disclosure::AuditEntry entry;
    entry.at_us = now_us;
    entry.action = "epoch";
    entry.who = who;
    entry.ground = ground;
    entry.subject = "epoch " + std::to_string(meta.epoch);
    disclosure::Audit::append(transaction, entry);
    return meta;
}

}  // namespace mis::outbox
