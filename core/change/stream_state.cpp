#include "change/stream_state.hpp"

#include <charconv>

#include "change/capture_writer.hpp"

namespace mis::change {
namespace {

// One list of names for reading and writing.
template <typename State, typename Visit>
void each_number(State& state, Visit&& visit) {
    visit("deletes_cursor_us", state.deletes_cursor_us);
    visit("token_slice", state.token_slice);
    visit("overlap_us", state.overlap_us);
    visit("late_from_us", state.late_from_us);
    visit("late_until_us", state.late_until_us);
    visit("stamp_slice_us", state.stamp_slice_us);
    visit("window_slice_us", state.window_slice_us);
    visit("history_read_us", state.history_read_us);
    visit("window_compared_us", state.window_compared_us);
    visit("first_poll_us", state.first_poll_us);
    visit("reconciled_us", state.reconciled_us);
    visit("drift_missing", state.drift.missing);
    visit("drift_different", state.drift.different);
    visit("drift_extra", state.drift.extra);
    visit("reconcile_missing", state.reconcile_drift.missing);
    visit("reconcile_different", state.reconcile_drift.different);
    visit("reconcile_extra", state.reconcile_drift.extra);
    visit("failing_since_us", state.failing_since_us);
    visit("saved_us", state.saved_us);
    visit("retried_us", state.retried_us);
}

constexpr const char* kSunk = ", its keys ended below ours";  // behind a fingerprint
constexpr std::string_view kStampPrefix = "stamp_cursor_us.";
constexpr std::string_view kTokenPrefix = "token_cursor.";
constexpr std::string_view kDegradedPrefix = "degraded/";  // in source_state
constexpr std::string_view kRetryPrefix = "retry/";        // there too

std::size_t index_behind(const std::string& name, std::string_view prefix) {
    std::size_t index = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), index);
    return index;
}

std::optional<std::string> source_value(
    sqlite::Database& database, const std::string& source, const char* name
) {
    auto select =
        database.prepare("select value from source_state where source = ?1 and name = ?2");
    if (!select.with(source, name).step()) return std::nullopt;
    return select.string(0);
}

void set_source_value(
    sqlite::Transaction& transaction, const std::string& source, const char* name,
    const std::string& value
) {
    transaction
        .prepare("insert or replace into source_state (source, name, value) values (?1, ?2, ?3)")
        .with(source, name, value)
        .run();
}

void end_fingerprint_hold(sqlite::Transaction& transaction, const std::string& source) {
    transaction
        .prepare(
            "delete from source_state where source = ?1 and name in ('fingerprint_held', "
            "'held_since_us')"
        )
        .with(source)
        .run();
}

}  // namespace

std::map<std::string, std::int64_t> first_polls(sqlite::Database& database, std::string_view kind) {
    std::map<std::string, std::int64_t> found;
    auto rows = database.prepare(
        "select s.source, max(t.value) from change_stream s join stream_state t on t.stream = s.id "
        "and t.name = 'first_poll_us' where s.kind = ?1 group by s.source"
    );
    rows.with(kind);
    while (rows.step())
        if (rows.integer(1) > 0) found.emplace(rows.string(0), rows.integer(1));
    return found;
}

StreamState load_state(sqlite::Database& database, const StreamRef& stream) {
    StreamState state;
    const auto id = find_stream(database, stream.source, stream.stream);
    if (!id) return state;
    auto select = database.prepare("select name, value from stream_state where stream = ?1");
    select.with(*id);
    while (select.step()) {
        const std::string name = select.string(0);
        if (name == "backfill")
            state.backfill = static_cast<Backfill>(select.integer(1));
        else if (name == "walk_after")
            state.walk_after = select.string(1);
        else if (name == "hash_columns")
            state.hash_columns = select.string(1);
        else if (name == "reconcile_after")
            state.reconcile_after = select.string(1);
        else if (name == "compared_mapping")
            state.compared_mapping = select.string(1);
        else if (name == "reconcile_mapping")
            state.reconcile_mapping = select.string(1);
        else if (name == "told_cursor")
            state.told_cursor = select.string(1);
        else if (name == "error")
            state.error = select.string(1);
        else if (name.starts_with(kTokenPrefix))
            state.token_cursors[index_behind(name, kTokenPrefix)] = select.string(1);
        else if (name.starts_with(kStampPrefix)) {
            const std::size_t index = index_behind(name, kStampPrefix);
            if (state.stamp_cursors_us.size() <= index) state.stamp_cursors_us.resize(index + 1);
            state.stamp_cursors_us[index] = select.integer(1);
        } else {
            each_number(state, [&](const char* known, std::int64_t& value) {
                if (name == known) value = select.integer(1);
            });
        }
    }
    return state;
}

void save_state(
    sqlite::Transaction& transaction, const StreamRef& stream, const StreamState& state
) {
    const std::int64_t id = stream_id(transaction, stream);
    auto upsert = transaction.prepare(
        "insert into stream_state (stream, name, value) values (?1, ?2, ?3) on conflict do update "
        "set value = excluded.value "
        "where value is not excluded.value"
    );
    upsert.with(id, "backfill", static_cast<int>(state.backfill)).run();
    upsert.with(id, "walk_after", state.walk_after).run();
    upsert.with(id, "hash_columns", state.hash_columns).run();
    upsert.with(id, "reconcile_after", state.reconcile_after).run();
    upsert.with(id, "compared_mapping", state.compared_mapping).run();
    upsert.with(id, "reconcile_mapping", state.reconcile_mapping).run();
    upsert.with(id, "told_cursor", state.told_cursor).run();
    upsert.with(id, "error", state.error).run();
    for (std::size_t i = 0; i < state.stamp_cursors_us.size(); ++i)
        upsert.with(id, std::string(kStampPrefix) + std::to_string(i), state.stamp_cursors_us[i])
            .run();
    for (const auto& [index, token] : state.token_cursors)
        upsert.with(id, std::string(kTokenPrefix) + std::to_string(index), token).run();
    each_number(state, [&](const char* name, const std::int64_t& value) {
        upsert.with(id, name, value).run();
    });
}

std::vector<Hold> holds(sqlite::Database& database) {
    std::vector<Hold> found;
    {
        auto select = database.prepare(
            "select s.source, s.value, h.value from source_state s left join source_state h on "
            "h.source = s.source and h.name = 'fingerprint_held' where s.name = 'held_since_us' "
            "order by s.source"
        );
        while (select.step()) {
            Hold hold;
            hold.source = select.string(0);
            hold.since_us = std::stoll(select.string(1));
            hold.code = select.text(2).ends_with(kSunk) ? "source_older" : "source_changed";
            hold.reason =
                select.text(2).ends_with(kSunk)
                    ? "the base under this name lacks the newest rows read from it: another base, "
                      "or an older copy of it"
                    : "the base under this name is another one than before (its fingerprint "
                      "changed)";
            found.push_back(hold);
        }
    }
    auto select = database.prepare(
        "select s.source, s.name, h.comparison, h.since_us, h.reason, h.missing, h.known, "
        "h.released from removal_hold h "
        "join change_stream s on s.id = h.stream order by s.source, s.id"
    );
    while (select.step())
        found.push_back(
            {select.string(0), select.string(1), select.string(2), select.integer(3),
             select.string(4), select.integer(5), select.integer(6), select.integer(7) != 0,
             select.string(2) + "_lost"}
        );
    return found;
}

std::optional<Hold> removal_hold(
    sqlite::Database& database, const StreamRef& stream, std::string_view comparison
) {
    for (const auto& hold : holds(database))
        if (hold.source == stream.source && hold.stream == stream.stream &&
            hold.comparison == comparison)
            return hold;
    return std::nullopt;
}

void save_removal_hold(
    sqlite::Transaction& transaction, const StreamRef& stream, const Hold& hold
) {
    transaction
        .prepare(
            "insert or replace into removal_hold (stream, comparison, since_us, reason, missing, "
            "known, released) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        )
        .with(
            stream_id(transaction, stream), hold.comparison, hold.since_us, hold.reason,
            hold.missing, hold.known, hold.released ? 1 : 0
        )
        .run();
}

void clear_removal_hold(
    sqlite::Transaction& transaction, const StreamRef& stream, std::string_view comparison
) {
    transaction.prepare("delete from removal_hold where stream = ?1 and comparison = ?2")
        .with(stream_id(transaction, stream), comparison)
        .run();
}

bool release_hold(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream
) {
    sqlite::Database& database = transaction.database();
    if (stream.empty()) {
        const auto fingerprint = source_value(database, source, "fingerprint_held");
        if (!fingerprint) return false;
        set_source_value(transaction, source, "fingerprint", *fingerprint);
        end_fingerprint_hold(transaction, source);
        return true;
    }
    const auto id = find_stream(database, source, stream);
    if (!id) return false;
    transaction.prepare("update removal_hold set released = 1 where stream = ?1").with(*id).run();
    return database.changes() > 0;
}

void ask_retry(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
    std::int64_t now_us
) {
    const std::string name = std::string(kRetryPrefix) + stream;
    set_source_value(transaction, source, name.c_str(), std::to_string(now_us));
}

std::int64_t retry_asked_us(sqlite::Database& database, const StreamRef& stream) {
    const std::string name = std::string(kRetryPrefix) + stream.stream;
    const auto asked = source_value(database, stream.source, name.c_str());
    std::int64_t at_us = 0;
    if (asked) std::from_chars(asked->data(), asked->data() + asked->size(), at_us);
    return at_us;
}

std::map<std::string, std::string> degraded_streams(
    sqlite::Database& database, const std::string& source
) {
    std::map<std::string, std::string> streams;
    auto select = database.prepare(
        "select name, value from source_state where source = ?1 and name like 'degraded/%'"
    );
    for (select.with(source); select.step();)
        streams.emplace(select.string(0).substr(kDegradedPrefix.size()), select.string(1));
    return streams;
}

void set_degraded(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
    const std::string& why
) {
    const std::string name = std::string(kDegradedPrefix) + stream;
    if (!why.empty()) return set_source_value(transaction, source, name.c_str(), why);
    transaction.prepare("delete from source_state where source = ?1 and name = ?2")
        .with(source, name)
        .run();
}

FingerprintVerdict check_fingerprint(
    sqlite::Transaction& transaction, const std::string& source, const std::string& base,
    KeyRanges keys, std::int64_t now_us
) {
    sqlite::Database& database = transaction.database();
    const std::string fingerprint = base + (keys == KeyRanges::sunk ? kSunk : "");
    const auto known = source_value(database, source, "fingerprint");
    if (!known) {
        set_source_value(transaction, source, "fingerprint", fingerprint);
        return FingerprintVerdict::first_seen;
    }
    const auto held = source_value(database, source, "fingerprint_held");
    const bool came_up = keys == KeyRanges::reached && *known == base + kSunk;
    if (came_up) set_source_value(transaction, source, "fingerprint", base);
    if (*known == fingerprint || came_up) {
        if (held) end_fingerprint_hold(transaction, source);  // the right base is back
        return FingerprintVerdict::same;
    }
    if (held != fingerprint) {
        set_source_value(transaction, source, "fingerprint_held", fingerprint);
        set_source_value(transaction, source, "held_since_us", std::to_string(now_us));
    }
    return FingerprintVerdict::held;
}

}  // namespace mis::change
