// A reconciliation of a large stream takes hours: what it has found missing page by page is kept
// with its position (StreamState::reconcile_after), in the transaction of that page, so that after
// a restart it goes on there. Whether the missing ones are gone is asked at the end, for all of
// them at once: only the whole number tells a bad night from a lost base.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "change/record_store.hpp"

namespace mis::change {

void add_missing(
    sqlite::Transaction& transaction, const StreamRef& stream, std::span<const KnownRecord> missing
);
std::vector<KnownRecord> missing_so_far(sqlite::Database& database, const StreamRef& stream);
void forget_missing(sqlite::Transaction& transaction, const StreamRef& stream);

// Standing records whose row's key, a whole number, lies in (after, to]; nullopt: without that end.
void known_between(
    sqlite::Database& database, const StreamRef& stream, std::optional<std::int64_t> after,
    std::optional<std::int64_t> to, const std::function<void(const KnownRecord&)>& visit
);

// A stream of this source is in the middle of one; its next pass goes on with it.
bool reconciliation_is_under_way(sqlite::Database& database, const std::string& source);

}  // namespace mis::change
