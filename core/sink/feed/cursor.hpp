// Cursors of the feed: where a reader stands, as text that only this store can have written.
//
// A cursor names a position of the outbox and the event that stood there, sealed for one clinic's
// store. So it survives restarts; one of another store, or a garbled one, is not read; and one of a
// store that was lost since and made anew from its log (positions may differ there) is known by
// its event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mis::sink::feed {

struct Cursor {
    std::int64_t position = 0;  // 0: before the first event
    std::string event;          // the first 16 hex digits of its id; 16 zeros: not known
    bool operator==(const Cursor&) const = default;
};

inline constexpr std::string_view kNoEvent = "0000000000000000";

class CursorSeal {
  public:
    CursorSeal(std::string_view clinic_id, std::string_view instance_id);
    std::string text(const Cursor& cursor) const;  // 48 hex digits
    std::optional<Cursor> read(std::string_view text) const;

  private:
    std::string seal_of(std::string_view bytes_16) const;
    const std::string key_;
};

}  // namespace mis::sink::feed
