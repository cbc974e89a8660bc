#include "change/standing_rows.hpp"

#include <utility>

#include "change/capture_writer.hpp"
#include "change/key.hpp"

namespace mis::change {

StandingRows::StandingRows(sqlite::Database& database, StreamRef stream)
    : database_(database), stream_(std::move(stream)) {
    auto others = database_.prepare(
        "select id, name from change_stream where source = ?1 and kind = ?2 and name <> ?3"
    );
    others.with(stream_.source, stream_.kind, stream_.stream);
    while (others.step()) others_.emplace_back(others.integer(0), others.string(1));
}

void StandingRows::refresh() {
    if (!id_) id_ = find_stream(database_, stream_.source, stream_.stream);
    if (!id_) return;
    auto highest =
        database_.prepare("select key from record where stream = ?1 order by key desc limit 1");
    if (!highest.with(*id_).step())
        highest_ = INT64_MIN;
    else
        highest_ = integer_key(highest.text(0));
}

std::optional<StandingRows::Row> StandingRows::find(std::string_view record_key) {
    if (!id_) return std::nullopt;
    const auto number = integer_key(record_key);
    if (number && highest_ && *number > *highest_) return std::nullopt;
    if (!find_)
        find_.emplace(database_.prepare(
            "select row_hash, row_key from record where stream = ?1 and key = ?2 and pos is not "
            "null"
        ));
    find_->reset();
    find_->bind(1, *id_);
    bind_key(*find_, 2, record_key);
    std::optional<Row> row;
    if (find_->step())
        row =
            Row{static_cast<std::uint64_t>(find_->integer(0)),
                find_->is_null(1) ? std::string(record_key) : find_->string(1)};
    find_->reset();
    return row;
}

std::optional<std::string> StandingRows::other_stream_of(std::string_view record_key) {
    for (const auto& [id, name] : others_) {
        if (!find_other_)
            find_other_.emplace(database_.prepare(
                "select 1 from record where stream = ?1 and key = ?2 and pos is not null"
            ));
        find_other_->reset();
        find_other_->bind(1, id);
        bind_key(*find_other_, 2, record_key);
        const bool stands = find_other_->step();
        find_other_->reset();
        if (stands) return name;
    }
    return std::nullopt;
}

std::vector<std::string> StandingRows::some_row_keys() {
    std::vector<std::string> keys;
    if (!id_) return keys;
    for (const char* order : {"asc", "desc"}) {
        auto some = database_.prepare(
            std::string("select coalesce(row_key, key) from record where stream = ?1 and pos is "
                        "not null order by key ") +
            order + " limit 3"
        );
        for (some.with(*id_); some.step();) keys.push_back(some.string(0));
    }
    return keys;
}

}  // namespace mis::change
