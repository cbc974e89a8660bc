// The packed form of events inside outbox_segment and outbox_dead. Private to core/outbox.
//
// Varints (LEB128), zigzag for signed; ids as 16 bytes; strings that end in 32 hex digits as prefix
// and 16 bytes; names that repeat as numbers of outbox_name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "outbox/outbox_event.hpp"
#include "sqlite/database.hpp"

namespace mis::outbox::packing {

void put_unsigned(std::string& out, std::uint64_t value);
void put_text(std::string& out, std::string_view text);
void put_id(std::string& out, std::string_view hex_32);  // 16 bytes; lower-case hex

class Reader {  // over bytes that the store kept; truncated bytes are a StoreError (corrupt)
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    bool at_end() const { return offset_ >= bytes_.size(); }
    std::uint64_t unsigned_number();
    std::int64_t signed_number();
    std::string text();
    std::string_view raw(std::size_t count);

  private:
    std::string_view bytes_;
    std::size_t offset_ = 0;
};

// The numbers of an event's repeating names in outbox_name; 0 is the empty name.
struct NameNumbers {
    std::int64_t type = 0, source = 0, ground = 0, party = 0;
};

// Everything but position and appended_us, which the segment's row says. `parties`: the numbers of
// the views' parties.
void put_event(
    std::string& out, const OutboxEvent& event, const NameNumbers& names,
    std::span<const std::int64_t> parties
);

// One row of outbox_segment: `events` many in these bytes, the last at `last_position`.
void insert_segment(
    sqlite::Transaction& transaction, std::int64_t last_position, std::size_t events,
    std::int64_t at_us, std::string_view bytes
);
// The bytes of a segment as they were given; `form` is its column packing.
std::string segment_bytes(std::string_view kept, std::int64_t form);

class Names {  // number → name, read on demand; bounded
  public:
    const std::string& find(sqlite::Database& database, std::int64_t number);

  private:
    std::unordered_map<std::int64_t, std::string> names_;
};

// Found or made.
std::int64_t number_of_name(sqlite::Transaction& transaction, const std::string& name);

OutboxEvent take_event(Reader& reader, sqlite::Database& database, Names& names);

std::string id_to_hex(std::string_view bytes_16);

}  // namespace mis::outbox::packing
