// Audit: what left, when, to whom, on what ground; and who looked at unmasked data (X2,
// X4).
//
// A hash chain in the clinic's store: each row's hash covers its content and the hash before it, so
// a row changed or removed in the middle is found by verify(). Cutting rows off the end is found by
// comparing head() with a copy kept elsewhere (backups carry it, `audit verify` prints it). Rows
// are never deleted. Written inside the caller's transaction: what the outbox calls delivered, the
// audit holds, also after a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sqlite/database.hpp"

namespace mis::disclosure {

struct AuditEntry {
    std::int64_t number = 0;  // from 1, without gaps; given by append
    std::int64_t at_us = 0;
    std::string action;  // "delivered", "maybe_delivered" (outcome unknown), "looked", "epoch", …
    std::string who;     // the sink, or the operator's login
    std::string ground;  // "order O1", "export all: …", or what the operator gave
    std::string subject;           // what was looked at ("quarantine 17"); never content
    std::vector<std::string> ids;  // event ids, 32 hex digits each
    std::string hash;              // 64 hex digits; given by append
};

struct AuditVerdict {
    std::int64_t entries = 0;
    std::string head;                       // hash of the last row; 64 zeros for none
    std::optional<std::int64_t> broken_at;  // first row that does not follow from the one before
    std::string reason;                     // "changed", "missing"
};

class Audit {
  public:
    static void append(sqlite::Transaction& transaction, const AuditEntry& entry);
    static AuditVerdict verify(sqlite::Database& database);
    // Rows from `from` on, at most `limit`, in order.
    static std::vector<AuditEntry> show(sqlite::Database& database, std::int64_t from, int limit);
};

}  // namespace mis::disclosure
