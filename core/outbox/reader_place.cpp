#include "outbox/reader_place.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "outbox/outbox.hpp"

namespace mis::outbox {
namespace {

// outbox_sink.reason of a reader: "FROM-TO", or empty.
std::string range_text(std::int64_t from, std::int64_t to) {
    return std::to_string(from) + "-" + std::to_string(to);
}

std::pair<std::int64_t, std::int64_t> range_of(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return {0, 0};
    std::int64_t from = 0, to = 0;
    std::from_chars(text.data(), text.data() + dash, from);
    std::from_chars(text.data() + dash + 1, text.data() + text.size(), to);
    return {from, to};
}

}  // namespace

void register_reader(sqlite::Transaction& transaction, std::string_view reader) {
    transaction
        .prepare("insert or ignore into outbox_sink values (?, ?, x'', 'reader', '', 0, 0, 0, 0)")
        .with(reader, first_position(transaction.database()))
        .run();
    transaction
        .prepare(
            "update outbox_sink set state = 'reader', settled = x'', reason = '' where sink = ? "
            "and state <> 'reader'"
        )
        .with(reader)
        .run();
}

void reader_took(
    sqlite::Transaction& transaction, std::string_view reader, std::int64_t position,
    std::int64_t events
) {
    const auto before = reader_figures(transaction.database(), reader);
    const std::int64_t taken = std::max(before.taken, position);
    const bool is_behind_the_gap = before.let_go_to != 0 && position >= before.let_go_to;
    transaction
        .prepare(
            "update outbox_sink set low = ?, delivered = delivered + ?, reason = case when ? then "
            "'' else reason end where sink = ?"
        )
        .with(taken + 1, events, is_behind_the_gap ? 1 : 0, reader)
        .run();
}

std::int64_t let_go(
    sqlite::Transaction& transaction, std::string_view reader, std::int64_t now_us,
    const ReaderLimits& limits
) {
    const auto before = reader_figures(transaction.database(), reader);
    std::int64_t cut = last_position(transaction.database()) - limits.events_max;
    {
        auto query = transaction.prepare(
            "select last_position, at_us from outbox_segment where last_position > ? order by "
            "last_position"
        );
        query.with(before.taken);
        while (query.step() && query.integer(1) < now_us - limits.keep_us)
            cut = std::max(cut, query.integer(0));
    }
    if (cut <= before.taken) return 0;
    const std::int64_t from = before.let_go_from != 0 ? before.let_go_from : before.taken + 1;
    transaction.prepare("update outbox_sink set low = ?, reason = ? where sink = ?")
        .with(cut + 1, range_text(from, cut), reader)
        .run();
    return cut - before.taken;
}

ReaderFigures reader_figures(sqlite::Database& database, std::string_view reader) {
    ReaderFigures figures;
    {
        auto query =
            database.prepare("select low, delivered, reason from outbox_sink where sink = ?");
        if (!query.with(reader).step())
            throw sqlite::StoreError(
                sqlite::StoreError::Kind::other,
                "the feed's reader " + std::string(reader) + " is not registered in this store"
            );
        figures.taken = query.integer(0) - 1;
        figures.handed_out = query.integer(1);
        std::tie(figures.let_go_from, figures.let_go_to) = range_of(query.text(2));
    }
    figures.pending = std::max<std::int64_t>(0, last_position(database) - figures.taken);
    if (figures.pending == 0) return figures;
    auto query = database.prepare(
        "select at_us from outbox_segment where last_position > ? order by last_position limit 1"
    );
    if (query.with(figures.taken).step()) figures.oldest_us = query.integer(0);
    return figures;
}

}  // namespace mis::outbox
