#include "change/key_ranges.hpp"

#include <optional>

namespace mis::change {
namespace {

constexpr int kNewestRows = 10;

// nullopt: fewer rows, or their keys are no numbers.
std::optional<std::int64_t> tenth_newest_key(
    sqlite::Database& database, const std::string& source, const std::string& stream
) {
    auto found = database.prepare(
        "select s.id, (select row_key is null from record where stream = s.id limit 1) "
        "from change_stream s where s.source = ?1 and s.name = ?2"
    );
    if (!found.with(source, stream).step() || found.is_null(1)) return std::nullopt;
    // Numbers sort below texts. Either form walks an index from its end.
    auto keys = database.prepare(
        found.integer(1) != 0
            ? "select key from record where stream = ?1 and key < '' and pos is not null "
              "order by key desc limit 1 offset ?2"
            : "select distinct row_key from record where stream = ?1 and row_key < '' and "
              "row_key is not null and pos is not null order by row_key desc limit 1 offset ?2"
    );
    if (!keys.with(found.integer(0), kNewestRows - 1).step()) return std::nullopt;
    return keys.integer(0);
}

}  // namespace

Result<KeyRanges> compare_key_ranges(
    sqlite::Database& database, source::RowReader& reader, const std::string& source,
    std::span<const std::string> streams
) {
    int asked = 0, sunk = 0;
    for (const auto& stream : streams) {
        if (reader.capabilities(stream).rows != source::Capabilities::Rows::by_pages) continue;
        const auto key = tenth_newest_key(database, source, stream);
        if (!key) continue;
        source::Slice slice;
        slice.by = source::Slice::By::key_walk;
        slice.after_id = std::to_string(*key - 1);
        slice.limit = 1;
        const auto report =
            reader.read(stream, slice, [](source::RowBatch&&) -> Result<void> { return {}; });
        if (!report) {
            const auto kind = report.error().kind;
            if (kind == ErrorKind::unavailable || kind == ErrorKind::cancelled)
                return fail(report.error().within("comparing the keys of " + stream));
            continue;  // a stream that cannot be read says so by itself, and delays no other
        }
        ++asked;
        sunk += report->rows == 0 ? 1 : 0;
    }
    return sunk > 1 || (sunk == 1 && asked == 1) ? KeyRanges::sunk : KeyRanges::reached;
}

}  // namespace mis::change
