// Keys that the source itself tells of: what its base keeps a list of as written or deleted
// (RowReader::told_since), and what is noted as deleted (StreamDeclaration::deletes).
//
// The rows of what is on the list are read by their keys, whatever their stamps say. A note of a
// deletion is believed of nobody: the key is read again, and only what that does not bring back is
// gone; a note of a key that we hold nothing of costs nothing. So both may tell too much, and the
// other rungs of the ladder find what they tell too little of.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "change/stream_reading.hpp"

namespace mis::change {

inline constexpr std::size_t kToldKeysMax = 20'000;  // more: everything is compared instead

// Before the first row of a backfill is read.
Result<void> begin_told(StreamReading& reading);

// What was told since the last time. An answer: the list begins anew, or is broken off; it may be
// followed from there (StreamState::told_cursor) once everything has been compared.
Result<std::optional<std::string>> poll_told(StreamReading& reading);

}  // namespace mis::change
