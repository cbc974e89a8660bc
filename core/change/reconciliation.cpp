#include "change/reconciliation.hpp"

#include <cstdint>

#include "change/capture_writer.hpp"
#include "change/key.hpp"

namespace mis::change {

void add_missing(
    sqlite::Transaction& transaction, const StreamRef& stream, std::span<const KnownRecord> missing
) {
    const std::int64_t id = stream_id(transaction, stream);
    auto insert = transaction.prepare(
        "insert or ignore into reconcile_missing (stream, key, row_key) values (?1, ?2, ?3)"
    );
    for (const auto& record : missing) {
        insert.bind(1, id);
        bind_key(insert, 2, record.key);
        bind_key(insert, 3, record.row_key);
        insert.run();
    }
}

std::vector<KnownRecord> missing_so_far(sqlite::Database& database, const StreamRef& stream) {
    std::vector<KnownRecord> missing;
    const auto id = find_stream(database, stream.source, stream.stream);
    if (!id) return missing;
    auto select = database.prepare("select key, row_key from reconcile_missing where stream = ?1");
    select.with(*id);
    while (select.step()) missing.push_back({select.string(0), select.string(1)});
    return missing;
}

void forget_missing(sqlite::Transaction& transaction, const StreamRef& stream) {
    transaction.prepare("delete from reconcile_missing where stream = ?1")
        .with(stream_id(transaction, stream))
        .run();
}

void known_between(
    sqlite::Database& database, const StreamRef& stream, std::optional<std::int64_t> after,
    std::optional<std::int64_t> to, const std::function<void(const KnownRecord&)>& visit
) {
    const auto id = find_stream(database, stream.source, stream.stream);
    if (!id) return;
    for (const char* sql :
         {"select key, row_key from record where stream = ?1 and row_key > ?2 and row_key <= ?3 "
          "and "
          "row_key is not null and pos is not null",
          "select key, key from record where stream = ?1 and key > ?2 and key <= ?3 and row_key is "
          "null and pos is not null"}) {
        auto select = database.prepare(sql);
        select.with(*id, after.value_or(INT64_MIN), to.value_or(INT64_MAX));
        while (select.step()) visit({select.string(0), select.string(1)});
    }
}

bool reconciliation_is_under_way(sqlite::Database& database, const std::string& source) {
    auto found = database.prepare(
        "select 1 from stream_state t join change_stream s on s.id = t.stream "
        "where s.source = ?1 and t.name = 'reconcile_after' and t.value <> ''"
    );
    return found.with(source).step();
}

}  // namespace mis::change
