// Quarantine: what makes no sense, with the reason, until the mapping or the MIS is mended or a
// person dismisses it. The last good version of the record stands.
//
// One entry per part, source, stream and row key (rows with an unreadable key: per content). The
// raw row is private: it goes when the entry is resolved or dismissed, and some days after it was
// first seen, whatever happens (X4); key, reason and count stay. Nothing is written when the same
// row fails again for the same reason, so an idle poll stays without writes. After a crash: as of
// the last committed transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/record.hpp"
#include "sqlite/database.hpp"

namespace mis::record {

struct QuarantinedRow {
    std::int64_t number = 0;
    std::string source, stream;
    std::string row_key;  // empty: unreadable
    std::string reason;   // all reasons of the row, "; " between them
    std::string raw_row;  // JSON object (several rows of one key: a list of them), masked unless
                          // asked for; empty: gone by age
    std::int64_t first_seen_us = 0;
    std::int64_t last_seen_us = 0;  // of the last change: another content or reason
    std::int64_t attempts = 1;      // how many different contents or reasons were seen
    std::optional<std::int64_t> resolved_us;
    std::string told;       // the reasons in the operator's words: column and shape of the value
    std::string dismissed;  // why a person took it off the list; empty: nobody did
};

struct QuarantineFilter {
    std::string source, stream;  // empty: all
    enum class State { open, all } state = State::open;
    int limit = 100;
};

// A record that its patient's meaning sets aside. The body is canonical JSON.
struct SetAside {
    std::string source, stream, source_id;
    std::string owner;  // whose meaning: source and patient
    std::string reason, body;
};

struct QuarantineCount {
    std::string source, stream;
    std::int64_t open = 0;
    std::int64_t oldest_us = 0;
    std::int64_t ambiguous = 0;  // of them: their key or their record has several rows (D4)
};

// How the reason of such a row begins.
inline constexpr std::string_view kAmbiguous = "not unique: ";

enum class Masking { masked, plain };  // plain: the caller has written who looked into the audit

class Quarantine {
  public:
    static constexpr std::int64_t kKeptDays = 30;

    // Whose find it is. A row can be in both; each part resolves what it put.
    enum class Part {
        reading,  // a row that could not be read, mapped or told from another (D4)
        meaning,  // a record that makes no sense among the others (P6)
    };

    enum class Put { unchanged, written };
    // One row's issues: all of the same stream and key.
    static Put put(
        sqlite::Transaction& transaction, std::string_view source,
        const std::vector<RowIssue>& issues, std::int64_t now_us, Part part = Part::reading
    );

    // The row makes sense, is left out on purpose, or is gone from the MIS. False: no open entry,
    // and nothing written.
    static bool resolve(
        sqlite::Transaction& transaction, std::string_view source, std::string_view stream,
        std::string_view row_key, std::int64_t now_us, Part part = Part::reading
    );

    // After the meaning of these owners was worked out: these records are set aside, and of their
    // others none any more. False: nothing was written.
    static bool settle_meaning(
        sqlite::Transaction& transaction, const std::vector<std::string>& owners,
        const std::vector<SetAside>& rows, std::int64_t now_us
    );
    // Whether any owner has records set aside: lets the others skip settle_meaning().
    static bool any_set_aside(sqlite::Database& database);

    // After a pass that read the whole stream: rows with unreadable keys that it did not see are
    // gone. How many.
    static std::int64_t resolve_keyless_but(
        sqlite::Transaction& transaction, std::string_view source, std::string_view stream,
        const std::vector<std::string>& raw_rows_seen, std::int64_t now_us
    );

    // A person takes a row off the list: it comes back only with another content or reason. `row`:
    // its key, or #NUMBER. The entry as it was; nullopt: none is open there. The caller audits.
    static std::optional<QuarantinedRow> dismiss(
        sqlite::Transaction& transaction, std::string_view source, std::string_view stream,
        std::string_view row, std::string_view why, std::int64_t now_us
    );

    // True if the stream has an open entry at all: lets a pass skip resolve() for its rows.
    static bool any_open(
        sqlite::Database& database, std::string_view source, std::string_view stream
    );
    // Row keys of the stream's open entries of reading, oldest first; those without a key left out.
    static std::vector<std::string> open_keys(
        sqlite::Database& database, std::string_view source, std::string_view stream
    );

    // Those of them whose key or record has several rows (D4).
    static std::vector<std::string> ambiguous_keys(
        sqlite::Database& database, std::string_view source, std::string_view stream
    );

    // Whether a row without a readable key is among them.
    static bool any_keyless(
        sqlite::Database& database, std::string_view source, std::string_view stream
    );

    // Raw rows past their time go; resolved entries past it go whole (dismissed ones stay: they are
    // what keeps the row off the list). How many were touched.
    static std::int64_t purge(
        sqlite::Transaction& transaction, std::int64_t now_us, std::int64_t kept_days = kKeptDays
    );

    static std::vector<QuarantinedRow> list(
        sqlite::Database& database, const QuarantineFilter& filter,
        Masking masking = Masking::masked
    );
    static std::optional<QuarantinedRow> show(
        sqlite::Database& database, std::int64_t number, Masking masking = Masking::masked
    );
    static std::vector<QuarantineCount> counts(sqlite::Database& database);
};

}  // namespace mis::record
