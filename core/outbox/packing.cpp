#include "outbox/packing.hpp"

#include "base/crypto.hpp"
#include "base/result.hpp"
#include "sqlite/packed.hpp"

namespace mis::outbox::packing {
namespace {

constexpr std::size_t kNamesMax = 20'000;
enum class Form : std::int64_t { plain = 0, lz4 = 1 };  // of a segment
// An epoch has six digits; what stands before them says what follows: a party's previous sequence,
// the views of other parties.
constexpr std::uint64_t kEpochEnd = 1'000'000;
constexpr std::uint64_t kHasPrevious = 1;
constexpr std::uint64_t kHasViews = 2;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool is_lower_hex(std::string_view text) {
    for (const char c : text)
        if (hex_digit(c) < 0) return false;
    return true;
}

void append_bytes_of_hex(std::string& out, std::string_view hex) {
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out.push_back(static_cast<char>(hex_digit(hex[i]) * 16 + hex_digit(hex[i + 1])));
}

void append_hex(std::string& out, std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        out.push_back(kDigits[value >> 4]);
        out.push_back(kDigits[value & 15]);
    }
}

void put_signed(std::string& out, std::int64_t value) {
    put_unsigned(
        out, (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63)
    );
}

}  // namespace

void put_unsigned(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<char>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<char>(value));
}

// Twice the length of the plain part, plus one where 16 packed bytes follow.
void put_text(std::string& out, std::string_view text) {
    const bool packed = text.size() >= 32 && is_lower_hex(text.substr(text.size() - 32));
    const auto plain = packed ? text.substr(0, text.size() - 32) : text;
    put_unsigned(out, plain.size() * 2 + (packed ? 1 : 0));
    out.append(plain);
    if (packed) append_bytes_of_hex(out, text.substr(plain.size()));
}

void put_id(std::string& out, std::string_view hex_32) { append_bytes_of_hex(out, hex_32); }

std::string_view Reader::raw(std::size_t count) {
    if (count > bytes_.size() - offset_)
        throw sqlite::StoreError(
            sqlite::StoreError::Kind::corrupt,
            "reading the outbox: a segment ends too early; restore a backup"
        );
    const auto found = bytes_.substr(offset_, count);
    offset_ += count;
    return found;
}

std::uint64_t Reader::unsigned_number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const auto byte = static_cast<unsigned char>(raw(1)[0]);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) break;
    }
    return value;
}

std::int64_t Reader::signed_number() {
    const std::uint64_t value = unsigned_number();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

std::string Reader::text() {
    const std::uint64_t head = unsigned_number();
    std::string text(raw(head >> 1));
    if (head & 1) append_hex(text, raw(16));
    return text;
}

void put_event(
    std::string& out, const OutboxEvent& event, const NameNumbers& names,
    std::span<const std::int64_t> parties
) {
    MIS_ASSERT(parties.size() == event.views.size());
    append_bytes_of_hex(out, event.id);
    append_bytes_of_hex(out, event.change_set);
    put_unsigned(out, static_cast<std::uint64_t>(names.type));
    put_unsigned(out, static_cast<std::uint64_t>(names.source));
    put_unsigned(out, static_cast<std::uint64_t>(names.ground));
    put_unsigned(out, static_cast<std::uint64_t>(names.party));
    put_text(out, event.partition_key);
    put_text(
        out,
        event.subject == event.partition_key ? std::string_view{} : std::string_view(event.subject)
    );
    put_text(out, event.record_id);
    put_signed(out, event.time.unix_us);
    put_signed(out, event.time.offset_min);
    const std::uint64_t follows =
        (event.previous_of_party ? kHasPrevious : 0) | (parties.empty() ? 0 : kHasViews);
    put_unsigned(out, event.epoch + follows * kEpochEnd);
    put_unsigned(out, event.sequence);
    if (event.previous_of_party) put_unsigned(out, *event.previous_of_party);
    put_unsigned(out, event.change_set_index);
    put_unsigned(out, event.change_set_size);
    put_unsigned(out, event.data.size());
    out.append(event.data);
    if (parties.empty()) return;
    put_unsigned(out, parties.size());
    for (std::size_t i = 0; i < parties.size(); ++i) {
        const PartyView& view = event.views[i];
        put_unsigned(out, static_cast<std::uint64_t>(parties[i]));
        put_unsigned(out, view.previous);
        put_unsigned(out, view.data.size());
        out.append(view.data);
    }
}

std::int64_t number_of_name(sqlite::Transaction& transaction, const std::string& name) {
    if (name.empty()) return 0;
    transaction.prepare("insert or ignore into outbox_name(name) values (?)").with(name).run();
    auto query = transaction.prepare("select id from outbox_name where name = ?");
    MIS_ASSERT(query.with(name).step());
    return query.integer(0);
}

OutboxEvent take_event(Reader& reader, sqlite::Database& database, Names& names) {
    OutboxEvent event;
    event.id = id_to_hex(reader.raw(16));
    event.change_set = id_to_hex(reader.raw(16));
    event.type = names.find(database, static_cast<std::int64_t>(reader.unsigned_number()));
    event.source = names.find(database, static_cast<std::int64_t>(reader.unsigned_number()));
    event.ground = names.find(database, static_cast<std::int64_t>(reader.unsigned_number()));
    event.party = names.find(database, static_cast<std::int64_t>(reader.unsigned_number()));
    event.partition_key = reader.text();
    event.subject = reader.text();
    if (event.subject.empty()) event.subject = event.partition_key;
    event.record_id = reader.text();
    event.time.unix_us = reader.signed_number();
    event.time.offset_min = static_cast<std::int32_t>(reader.signed_number());
    const std::uint64_t epoch = reader.unsigned_number();
    const std::uint64_t follows = epoch / kEpochEnd;
    event.epoch = static_cast<std::uint32_t>(epoch % kEpochEnd);
    event.sequence = reader.unsigned_number();
    if (follows & kHasPrevious) event.previous_of_party = reader.unsigned_number();
    event.change_set_index = static_cast<std::uint32_t>(reader.unsigned_number());
    event.change_set_size = static_cast<std::uint32_t>(reader.unsigned_number());
    event.data = reader.raw(reader.unsigned_number());
    if (!(follows & kHasViews)) return event;
    for (auto count = reader.unsigned_number(); count > 0; --count) {
        PartyView& view = event.views.emplace_back();
        view.party = names.find(database, static_cast<std::int64_t>(reader.unsigned_number()));
        view.previous = reader.unsigned_number();
        view.data = reader.raw(reader.unsigned_number());
    }
    return event;
}

void insert_segment(
    sqlite::Transaction& transaction, std::int64_t last_position, std::size_t events,
    std::int64_t at_us, std::string_view bytes
) {
    const std::string frame = sqlite::packed(bytes);
    transaction
        .prepare(
            "insert into outbox_segment(last_position, count, at_us, events, packing) values (?, "
            "?, ?, ?, ?)"
        )
        .bind(1, last_position)
        .bind(2, static_cast<std::int64_t>(events))
        .bind(3, at_us)
        .bind_blob_held(4, frame.empty() ? bytes : std::string_view(frame))
        .bind(5, static_cast<std::int64_t>(frame.empty() ? Form::plain : Form::lz4))
        .run();
}

std::string segment_bytes(std::string_view kept, std::int64_t form) {
    if (form == static_cast<std::int64_t>(Form::plain)) return std::string(kept);
    return sqlite::unpacked(kept, "the outbox");
}

const std::string& Names::find(sqlite::Database& database, std::int64_t number) {
    static const std::string empty;
    if (number == 0) return empty;
    if (const auto known = names_.find(number); known != names_.end()) return known->second;
    if (names_.size() >= kNamesMax) names_.clear();
    auto query = database.prepare("select name from outbox_name where id = ?");
    query.with(number);
    if (!query.step())
        throw sqlite::StoreError(
            sqlite::StoreError::Kind::corrupt,
            "reading the outbox: a name is missing; restore a backup"
        );
    return names_.emplace(number, query.string(0)).first->second;
}

std::string id_to_hex(std::string_view bytes_16) {
    std::string hex;
    hex.reserve(32);
    append_hex(hex, bytes_16);
    return hex;
}

}  // namespace mis::outbox::packing
