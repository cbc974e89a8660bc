#include "record/quarantine.hpp"

#include <algorithm>
#include <charconv>

#include "base/result.hpp"
#include "record/mask.hpp"

namespace mis::record {

namespace {

constexpr std::int64_t kDayUs = 86'400LL * 1'000'000;

constexpr const char* kColumns =
    "number, source, stream, row_key, reason, raw_row, first_seen_us, last_seen_us, attempts, "
    "resolved_us, dismissed, told";

std::string content_of(std::string_view raw_row) { return to_hex(sha256(raw_row)); }

std::string_view name_of(Quarantine::Part part) {
    return part == Quarantine::Part::reading ? "reading" : "meaning";
}

std::string identity_of(
    std::string_view row_key, std::string_view raw_row,
    Quarantine::Part part = Quarantine::Part::reading
) {
    // a keyless row is known by its content; the prefix keeps the two apart
    std::string identity =
        row_key.empty() ? "content " + content_of(raw_row) : "key " + std::string(row_key);
    return part == Quarantine::Part::reading ? identity : "meaning " + identity;
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
    row.dismissed = statement.string(10);
    row.told = statement.text(11).empty() ? row.reason : statement.string(11);
    return row;
}

void close(
    sqlite::Transaction& transaction, std::int64_t number, std::int64_t now_us,
    std::optional<std::string_view> dismissed = std::nullopt
) {
    transaction
        .prepare(
            "update quarantine set resolved_us = ?, raw_row = null, dismissed = ? where number = ?"
        )
        .with(now_us, dismissed, number)
        .run();
}

}  // namespace

Quarantine::Put Quarantine::put(
    sqlite::Transaction& transaction, std::string_view source, const std::vector<RowIssue>& issues,
    std::int64_t now_us, Part part
) {
    MIS_ASSERT(!issues.empty());
    const RowIssue& first = issues.front();
    std::string reason, told;
    for (const RowIssue& issue : issues) {
        reason += (reason.empty() ? "" : "; ") + issue.reason;
        told += (told.empty() ? "" : "; ") + (issue.told.empty() ? issue.reason : issue.told);
    }
    const std::string identity = identity_of(first.row_key, first.raw_row, part);
    const std::string content = content_of(first.raw_row);

    auto known = transaction.prepare(
        "select number, reason, raw_row, first_seen_us, resolved_us, dismissed, content from "
        "quarantine where source = ? and stream = ? and identity = ?"
    );
    known.with(source, first.stream, identity);
    if (!known.step()) {
        transaction
            .prepare(
                "insert into quarantine (source, stream, part, identity, row_key, reason, told, "
                "raw_row, content, first_seen_us, last_seen_us, attempts) values "
                "(?,?,?,?,?,?,?,?,?,?,?,1)"
            )
            .with(
                source, first.stream, name_of(part), identity, first.row_key, reason, told,
                first.raw_row, content, now_us, now_us
            )
            .run();
        return Put::written;
    }
    const std::int64_t number = known.integer(0);
    const bool gone_by_age = known.is_null(4) && known.is_null(2);
    // entries of a store of layout 6 know their content by the raw row alone
    const bool same_content = known.text(6) == content || known.text(2) == first.raw_row ||
                              (known.is_null(2) && known.text(6).empty());
    const bool closed = !known.is_null(4), dismissed = !known.is_null(5);
    if ((!closed || dismissed) && known.text(1) == reason && same_content) return Put::unchanged;
    auto update = transaction.prepare(
        "update quarantine set reason = ?, told = ?, raw_row = ?, content = ?, last_seen_us = ?, "
        "attempts = attempts + 1, resolved_us = null, dismissed = null,"
        " first_seen_us = case when ? then ? else first_seen_us end where number = ?"
    );
    const std::optional<std::string_view> raw =
        gone_by_age ? std::nullopt  // not kept a second time
                    : std::optional<std::string_view>(first.raw_row);
    update
        .with(
            std::string_view(reason), std::string_view(told), raw, content, now_us, closed ? 1 : 0,
            now_us, number
        )
        .run();
    return Put::written;
}

bool Quarantine::resolve(
    sqlite::Transaction& transaction, std::string_view source, std::string_view stream,
    std::string_view row_key, std::int64_t now_us, Part part
) {
    if (row_key.empty()) return false;
    auto known = transaction.prepare(
        "select number from quarantine where source = ? and stream = ? and identity = ? and "
        "resolved_us is null"
    );
    const std::string identity = identity_of(row_key, {}, part);
    known.with(source, stream, identity);
    if (!known.step()) return false;
    close(transaction, known.integer(0), now_us);
    return true;
}

std::int64_t Quarantine::resolve_keyless_but(
    sqlite::Transaction& transaction, std::string_view source, std::string_view stream,
    const std::vector<std::string>& raw_rows_seen, std::int64_t now_us
) {
    std::vector<std::string> seen;
    for (const std::string& raw_row : raw_rows_seen) seen.push_back(identity_of({}, raw_row));
    std::sort(seen.begin(), seen.end());
    std::vector<std::int64_t> gone;
    auto open = transaction.prepare(
        "select number, identity from quarantine where source = ? and stream = ? and row_key = '' "
        "and part = 'reading' and resolved_us is null"
    );
    for (open.with(source, stream); open.step();)
        if (!std::binary_search(seen.begin(), seen.end(), open.text(1)))
            gone.push_back(open.integer(0));
    for (const std::int64_t number : gone) close(transaction, number, now_us);
    return static_cast<std::int64_t>(gone.size());
}

std::optional<QuarantinedRow> Quarantine::dismiss(
    sqlite::Transaction& transaction, std::string_view source, std::string_view stream,
    std::string_view row, std::string_view why, std::int64_t now_us
) {
    std::int64_t number = 0;  // none is
    if (row.starts_with('#')) std::from_chars(row.data() + 1, row.data() + row.size(), number);
    std::vector<QuarantinedRow> found;
    {
        auto open = transaction.prepare(
            std::string("select ") + kColumns +
            " from quarantine where source = ? and stream = ? and resolved_us is null and "
            "(number = ? or (row_key = ? and row_key <> '')) order by number"
        );
        for (open.with(source, stream, number, row); open.step();)
            found.push_back(read(open, Masking::masked));
    }
    for (const QuarantinedRow& entry : found) close(transaction, entry.number, now_us, why);
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
}

bool Quarantine::settle_meaning(
    sqlite::Transaction& transaction, const std::vector<std::string>& owners,
    const std::vector<SetAside>& rows, std::int64_t now_us
) {
    bool written = false;
    for (const SetAside& row : rows) {
        const std::vector<RowIssue> issue{{row.stream, row.source_id, row.reason, row.body, {}}};
        if (put(transaction, row.source, issue, now_us, Part::meaning) == Put::unchanged) continue;
        transaction
            .prepare(
                "update quarantine set owner = ? where source = ? and stream = ? and identity = ?"
            )
            .with(
                row.owner, row.source, row.stream,
                identity_of(row.source_id, row.body, Part::meaning)
            )
            .run();
        written = true;
    }
    std::vector<SetAside> mended;
    for (const std::string& owner : owners) {
        auto open = transaction.prepare(
            "select source, stream, row_key from quarantine where owner = ? and part = 'meaning' "
            "and resolved_us is null"
        );
        for (open.with(owner); open.step();) {
            const bool still = std::any_of(rows.begin(), rows.end(), [&](const SetAside& row) {
                return row.source == open.text(0) && row.stream == open.text(1) &&
                       row.source_id == open.text(2);
            });
            if (!still)
                mended.push_back({open.string(0), open.string(1), open.string(2), {}, {}, {}});
        }
    }
    for (const SetAside& row : mended)
        resolve(transaction, row.source, row.stream, row.source_id, now_us, Part::meaning);
    return written || !mended.empty();
}

bool Quarantine::any_set_aside(sqlite::Database& database) {
    return database
        .prepare("select 1 from quarantine where owner is not null and resolved_us is null limit 1")
        .step();
}

bool Quarantine::any_open(
    sqlite::Database& database, std::string_view source, std::string_view stream
) {
    auto open = database.prepare(
        "select 1 from quarantine where source = ? and stream = ? and resolved_us is null limit 1"
    );
    return open.with(source, stream).step();
}

std::vector<std::string> Quarantine::open_keys(
    sqlite::Database& database, std::string_view source, std::string_view stream
) {
    std::vector<std::string> keys;
    auto open = database.prepare(
        "select row_key from quarantine where source = ? and stream = ? and row_key <> '' and "
        "part = 'reading' and resolved_us is null order by number"
    );
    for (open.with(source, stream); open.step();) keys.push_back(open.string(0));
    return keys;
}

std::vector<std::string> Quarantine::ambiguous_keys(
    sqlite::Database& database, std::string_view source, std::string_view stream
) {
    std::vector<std::string> keys;
    auto open = database.prepare(
        "select row_key from quarantine where source = ?1 and stream = ?2 and row_key <> '' and "
        "part = 'reading' and resolved_us is null and instr(reason, ?3) > 0"
    );
    for (open.with(source, stream, kAmbiguous); open.step();) keys.push_back(open.string(0));
    return keys;
}

bool Quarantine::any_keyless(
    sqlite::Database& database, std::string_view source, std::string_view stream
) {
    auto open = database.prepare(
        "select 1 from quarantine where source = ? and stream = ? and row_key = '' and "
        "part = 'reading' and resolved_us is null limit 1"
    );
    return open.with(source, stream).step();
}

std::int64_t Quarantine::purge(
    sqlite::Transaction& transaction, std::int64_t now_us, std::int64_t kept_days
) {
    const std::int64_t before = now_us - kept_days * kDayUs;
    transaction.prepare("delete from quarantine where resolved_us < ? and dismissed is null")
        .with(before)
        .run();
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
        "select source, stream, count(distinct case when row_key = '' then identity else row_key "
        "end), min(first_seen_us), sum(substr(reason, 1, ?1) = ?2) from quarantine where "
        "resolved_us is null group by source, stream order by 1, 2"
    );
    for (found.with(kAmbiguous.size(), kAmbiguous); found.step();)
        counts.push_back(
            {found.string(0), found.string(1), found.integer(2), found.integer(3), found.integer(4)}
        );
    return counts;
}

}  // namespace mis::record
