#include "disclosure/audit.hpp"

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace mis::disclosure {
namespace {

constexpr std::size_t kIdBytes = 16;

std::string no_hash() { return std::string(64, '0'); }

std::string ids_to_bytes(const std::vector<std::string>& ids) {
    std::string bytes;
    bytes.reserve(ids.size() * kIdBytes);
    for (const auto& id : ids) {
        const auto decoded = from_hex(id);
        MIS_ASSERT(decoded && decoded->size() == kIdBytes);
        bytes += *decoded;
    }
    return bytes;
}

std::vector<std::string> ids_from_bytes(std::string_view bytes) {
    std::vector<std::string> ids;
    for (std::size_t offset = 0; offset + kIdBytes <= bytes.size(); offset += kIdBytes) {
        const auto id = bytes.substr(offset, kIdBytes);
        ids.push_back(to_hex({reinterpret_cast<const std::uint8_t*>(id.data()), id.size()}));
    }
    return ids;
}

// Everything of the row, each part of known length, after the hash before it.
std::string hash_of(
    const std::string& previous, const AuditEntry& entry, std::string_view id_bytes
) {
    std::string text = previous;
    text += '[' + std::to_string(entry.number) + ',' + std::to_string(entry.at_us);
    for (const auto* part : {&entry.action, &entry.who, &entry.ground, &entry.subject}) {
        text += ',';
        append_json_string(text, *part);
    }
    text += ']';
    text += id_bytes;
    return to_hex(sha256(text));
}

AuditEntry entry_of(const sqlite::Statement& row) {
    AuditEntry entry;
    entry.number = row.integer(0);
    entry.at_us = row.integer(1);
    entry.action = row.string(2);
    entry.who = row.string(3);
    entry.ground = row.string(4);
    entry.subject = row.string(5);
    entry.ids = ids_from_bytes(row.text(6));
    entry.hash = row.string(7);
    return entry;
}

}  // namespace

void Audit::append(sqlite::Transaction& transaction, const AuditEntry& entry) {
    AuditEntry row = entry;
    std::string previous = no_hash();
    row.number = 1;
    {
        auto last =
            transaction.prepare("select number, hash from audit order by number desc limit 1");
        if (last.step()) {
            row.number = last.integer(0) + 1;
            previous = last.string(1);
        }
    }
    const std::string ids = ids_to_bytes(row.ids);
    transaction
        .prepare(
            "insert into audit(number, at_us, action, who, ground, subject, ids, hash) values (?, "
            "?, ?, ?, ?, ?, ?, ?)"
        )
        .bind(1, row.number)
        .bind(2, row.at_us)
        .bind(3, std::string_view(row.action))
        .bind(4, std::string_view(row.who))
        .bind(5, std::string_view(row.ground))
        .bind(6, std::string_view(row.subject))
        .bind_blob(7, ids)
        .bind(8, std::string_view(hash_of(previous, row, ids)))
        .run();
}

AuditVerdict Audit::verify(sqlite::Database& database) {
    AuditVerdict verdict;
    verdict.head = no_hash();
    auto query = database.prepare(
        "select number, at_us, action, who, ground, subject, ids, hash from audit order by number"
    );
    while (query.step()) {
        const AuditEntry entry = entry_of(query);
        if (entry.number != verdict.entries + 1) {
            verdict.broken_at = verdict.entries + 1;
            verdict.reason = "missing";
            return verdict;
        }
        if (entry.hash != hash_of(verdict.head, entry, query.text(6))) {
            verdict.broken_at = entry.number;
            verdict.reason = "changed";
            return verdict;
        }
        ++verdict.entries;
        verdict.head = entry.hash;
    }
    return verdict;
}

std::vector<AuditEntry> Audit::show(sqlite::Database& database, std::int64_t from, int limit) {
    std::vector<AuditEntry> entries;
    auto query = database.prepare(
        "select number, at_us, action, who, ground, subject, ids, hash from audit where number >= "
        "? order by number limit ?"
    );
    query.with(from, limit);
    while (query.step()) entries.push_back(entry_of(query));
    return entries;
}

}  // namespace mis::disclosure
