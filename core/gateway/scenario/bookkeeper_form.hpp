// What a bookkeeper may write in a scenario file in the place of the contract's forms: sums as
// "4500.00 RUB", times of the clinic without an offset ("2026-03-02 10:00").
//
// Only fields that hold a sum or a time are read so; whatever is neither of the two forms stays as
// it is, and is judged by whoever judges the contract's own.
#pragma once

#include <functional>
#include <string>

#include "base/json.hpp"
#include "base/timestamp.hpp"
#include "record/schema.hpp"

namespace mis::gateway {

// "4500.00 RUB", "-1 200,50 RUB" → {"currency":"RUB","minor":…}. Anything else, and what has more
// than two decimals: unchanged.
Json sum_of_bookkeeper(const Json& written);

// "2026-03-02 10:00" → "2026-03-02T10:00:00+03:00". A clock change's doubt goes to `doubts`.
Json time_of_bookkeeper(const Json& written, const Zone& zone, std::string* doubts = nullptr);

using ZoneOfBranch = std::function<Zone(const std::string& branch_source_id)>;

// A record's doubts (an ambiguous local time) are among its notes.
Json record_of_bookkeeper(const record::Kind& kind, Json record, const ZoneOfBranch& zone_of);
Json message_of_bookkeeper(Json message, const Zone& zone);

}  // namespace mis::gateway
