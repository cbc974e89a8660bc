// Audit: what left, when, to whom, on what ground; and who looked at unmasked data (X2,
// X4).
//
// A hash chain in the clinic's store: each row's hash covers its content and the hash before it, so
// a row changed or removed in the middle is found by verify(). Cutting rows off the end is found by
// comparing head() with a copy kept elsewhere (backups carry it, `audit verify` prints it). Rows
// are never deleted. What the law orders erased of a row is its content: the row stays with its
// hash, by which the chain goes on, and a later row, "erased", says which rows and hashes were
// meant; a content that is gone without such a row is a broken chain. Written inside the caller's
// transaction: what the outbox calls delivered, the audit holds, also after a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
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
    // The row that ordered its content erased: then ground, subject and ids are empty.
    std::optional<std::int64_t> erased = std::nullopt;
};

struct AuditVerdict {
    std::int64_t entries = 0;
    std::string head;                       // hash of the last row; 64 zeros for none
    std::optional<std::int64_t> broken_at;  // first row that does not follow from the one before
    std::string reason;                     // "changed", "missing", "erased without an order"
    std::int64_t erased = 0;                // rows whose content is gone by order
};

// Walks rows as they come, from wherever: the store, an exported copy.
class AuditChain {
  public:
    AuditChain();
    // The rows in their order. False: the chain breaks here, and verdict() says so.
    bool add(const AuditEntry& entry);
    AuditVerdict verdict() const;  // of all that was added

  private:
    AuditVerdict verdict_;
    // Whose content is gone, and what the rows that ordered it name.
    std::map<std::int64_t, std::pair<std::int64_t, std::string>> gone_, ordered_;
};

class Audit {
  public:
    // The row's number.
    static std::int64_t append(sqlite::Transaction& transaction, const AuditEntry& entry);
    static AuditVerdict verify(sqlite::Database& database);
    // Rows from `from` on, at most `limit`, in order.
    static std::vector<AuditEntry> show(sqlite::Database& database, std::int64_t from, int limit);
    // Rows of which a name is in the subject or the ground, what left aside: looks and decisions.
    // Names are pseudonyms and "source/id"; one pass.
    static std::vector<AuditEntry> naming(
        sqlite::Database& database, const std::vector<std::string>& names
    );
    // The content of the rows naming() finds goes, and the row that says so is written: of whom,
    // only as a hash. How many rows. The caller decides, and audits as for any decision.
    static std::int64_t erase(
        sqlite::Transaction& transaction, const std::vector<std::string>& names,
        std::string_view who, std::string_view reason, std::int64_t now_us
    );
};

// An exported copy: JSON Lines, a row each, between a line that says of which clinic it is and one
// with the head, by which a copy that was cut off is known.
std::string export_head(std::string_view clinic_id, std::int64_t now_us);
std::string export_line(const AuditEntry& entry);
std::string export_end(const AuditVerdict& verdict);

// malformed: it is no such copy, or not whole; what is wrong with its chain is the verdict.
Result<AuditVerdict> verify_export(std::istream& lines);

}  // namespace mis::disclosure
