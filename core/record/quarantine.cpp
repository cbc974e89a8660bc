#include "record/quarantine.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "record/mask.hpp"

namespace mis::record {

namespace {

constexpr std::int64_t kKeptUs = Quarantine::kKeptDays * 86'400 * 1'000'000;

constexpr const char* kColumns =
    "number, source, stream, row_key, reason, raw_row, first_seen_us, last_seen_us, attempts, "
    "resolved_us";

std::string identity_of(std::string_view row_key, std::string_view raw_row) {
    // a keyless row is known by its content; the prefix keeps the two apart
    return row_key.empty() ? "content " + to_hex(sha256(raw_row)) : "key " + std::string(row_key);
}

QuarantinedRow read(const sqlite::Statement& statement, Masking masking) {
    QuarantinedRow row;
    row.number = statement.integer(0);
    row.source = statement.string(1);
    row.stream = statement.string(2);
    row.row_key = statement.string(3);
    row.reason = statement.string(4);
    row.raw_row = statement.is_null(5) || masking == Masking::plain ? statement.string(5)
                                                                    : masked_row(statement.text(5));
    row.first_seen_us = statement.integer(6);
    row.last_seen_us = statement.integer(7);
    row.attempts = statement.integer(8);
    if (!statement.is_null(9)) row.resolved_us = statement.integer(9);
    return row;
}

}  // namespace

Quarantine::Put Quarantine::put(
    sqlite::Transaction& transaction, std::string_view source, const std::vector<RowIssue>& issues,
    std::int64_t now_us
) {
    MIS_ASSERT(!issues.empty());
    const RowIssue& first = issues.front();
    std::string reason;
    for (const RowIssue& issue : issues) reason += (reason.empty() ? "" : "; ") + issue.reason;
    const std::string identity = identity_of(first.row_key, first.raw_row);

    auto known = transaction.prepare(
        "select number, reason, raw_row, first_seen_us, resolved_us from quarantine where source = "
        "? and stream = ? and identity = ?"
    );
    known.with(source, first.stream, identity);
    if (!known.step()) {
        transaction
            .prepare(
                "insert into quarantine (source, stream, identity, row_key, reason, raw_row, "
                "first_seen_us, last_seen_us, attempts) values (?,?,?,?,?,?,?,?,1)"
            )
            .with(
                source, first.stream, identity, first.row_key, reason, first.raw_row, now_us, now_us
            )
            .run();
        return Put::written;
    }
    const std::int64_t number = known.integer(0);
    const bool reopened = !known.is_null(4);
    const bool aged =
        !reopened && now_us - known.integer(3) > kKeptUs;  // its raw row is not kept a second time
    const bool same = !reopened && known.text(1) == reason &&
                      (aged || (!known.is_null(2) && known.text(2) == first.raw_row));
    if (same) return Put::unchanged;
    auto update = transaction.prepare(
        "update quarantine set reason = ?, raw_row = ?, last_seen_us = ?, attempts = attempts + 1, "
        "resolved_us = null,"
        " first_seen_us = case when ? then ? else first_seen_us end where number = ?"
    );
    const std::optional<std::string_view> raw =
        aged ? std::nullopt : std::optional<std::string_view>(first.raw_row);
    update.with(std::string_view(reason), raw, now_us, reopened ? 1 : 0, now_us, number).run();
    return Put::written;
}

bool Quarantine::resolve(
    sqlite::Transaction& transaction, std::string_view source, std::string_view stream,
    std::string_view row_key, std::int64_t now_us
) {
    if (row_key.empty()) return false;
    auto known = transaction.prepare(
        "select number from quarantine where source = ? and stream = ? and identity = ? and "
        "resolved_us is null"
    );
    const std::string identity = identity_of(row_key, {});
    known.with(source, stream, identity);
    if (!known.step()) return false;
    transaction.prepare("update quarantine set resolved_us = ?, raw_row = null where number = ?")
        .with(now_us, known.integer(0))
        .run();
    return true;
}

std::int64_t Quarantine::resolve_keyless_but(
    sqlite::Transaction& transaction, std::string_view source, std::string_view stream,
    const std::vector<std::string>& raw_rows_seen, std::int64_t now_us
) {
    std::vector<std::string> seen;
    for (const std::string& raw_row : raw_rows_seen) seen.push_back(identity_of({}, raw_row));
    std::vector<std::int64_t> gone;
    auto open = transaction.prepare(
        "select number, identity from quarantine where source = ? and stream = ? and row_key = '' "
        "and resolved_us is null"
    );
    for (open.with(source, stream); open.step();)
        if (std::find(seen.begin(), seen.end(), open.text(1)) == seen.end())
            gone.push_back(open.integer(0));
    for (const std::int64_t number : gone)
        transaction
            .prepare("update quarantine set resolved_us = ?, raw_row = null where number = ?")
            .with(now_us, number)
            .run();
    return static_cast<std::int64_t>(gone.size());
}

bool Quarantine::any_open(
    sqlite::Database& database, std::string_view source, std::string_view stream
) {
    auto open = database.prepare(
        "select 1 from quarantine where source = ? and stream = ? and resolved_us is null limit 1"
    );
    return open.with(source, stream).step();
}

std::vector<std::string> Quarantine::retry(
    sqlite::Transaction& transaction, std::string_view source, std::string_view stream,
    std::int64_t now_us
) {
    std::vector<std::string> keys;
    auto open = transaction.prepare(
        "select row_key from quarantine where source = ? and stream = ? and row_key <> '' and "
        "resolved_us is null order by number"
    );
    for (open.with(source, stream); open.step();) keys.push_back(open.string(0));
    transaction
        .prepare(
            "update quarantine set attempts = attempts + 1, last_seen_us = ? where source = ? and "
            "stream = ? and resolved_us is null"
        )
        .with(now_us, source, stream)
        .run();
    return keys;
}

std::int64_t Quarantine::purge(sqlite::Transaction& transaction, std::int64_t now_us) {
    const std::int64_t before = now_us - kKeptUs;
    transaction.prepare("delete from quarantine where resolved_us < ?").with(before).run();
    std::int64_t touched = transaction.database().changes();
    transaction
        .prepare(
            "update quarantine set raw_row = null where raw_row is not null and first_seen_us < ?"
        )
        .with(before)
        .run();
    touched += transaction.database().changes();
    return touched;
}

std::vector<QuarantinedRow> Quarantine::list(
    sqlite::Database& database, const QuarantineFilter& filter, Masking masking
) {
    std::vector<QuarantinedRow> rows;
    auto found = database.prepare(
        std::string("select ") + kColumns +
        " from quarantine where (?1 = '' or source = ?1) and (?2 = '' or stream = ?2) and (?3 or "
        "resolved_us is null) order by number limit ?4"
    );
    const int all = filter.state == QuarantineFilter::State::all ? 1 : 0;
    for (found.with(filter.source, filter.stream, all, filter.limit); found.step();)
        rows.push_back(read(found, masking));
    return rows;
}

std::optional<QuarantinedRow> Quarantine::show(
    sqlite::Database& database, std::int64_t number, Masking masking
) {
    auto found =
        database.prepare(std::string("select ") + kColumns + " from quarantine where number = ?");
    if (!found.with(number).step()) return std::nullopt;
    return read(found, masking);
}

std::vector<QuarantineCount> Quarantine::counts(sqlite::Database& database) {
    std::vector<QuarantineCount> counts;
    auto found = database.prepare(
        "select source, stream, count(*), min(first_seen_us) from quarantine where resolved_us is "
        "null group by source, stream order by 1, 2"
    );
    while (found.step())
        counts.push_back({found.string(0), found.string(1), found.integer(2), found.integer(3)});
    return counts;
}

}  // namespace mis::record
