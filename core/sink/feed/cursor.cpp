#include "sink/feed/cursor.hpp"

#include "base/crypto.hpp"
#include "base/result.hpp"

namespace mis::sink::feed {
namespace {

constexpr std::size_t kNamedBytes = 16, kSealBytes = 8;

std::string hex_of(std::string_view bytes) {
    return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

CursorSeal::CursorSeal(std::string_view clinic_id, std::string_view instance_id)
    : key_("cursor:" + std::string(clinic_id) + ":" + std::string(instance_id)) {}

std::string CursorSeal::seal_of(std::string_view bytes_16) const {
    const Digest digest = hmac_sha256(key_, bytes_16);
    return {reinterpret_cast<const char*>(digest.data()), kSealBytes};
}

std::string CursorSeal::text(const Cursor& cursor) const {
    MIS_ASSERT(cursor.position >= 0);
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8)
        bytes += static_cast<char>(static_cast<std::uint64_t>(cursor.position) >> shift & 0xff);
    const auto event = from_hex(cursor.event);
    MIS_ASSERT(event && event->size() == kNamedBytes - 8);
    bytes += *event;
    return hex_of(bytes + seal_of(bytes));
}

std::optional<Cursor> CursorSeal::read(std::string_view text) const {
    if (text.size() != 2 * (kNamedBytes + kSealBytes)) return std::nullopt;
    const auto bytes = from_hex(text);
    if (!bytes) return std::nullopt;
    const std::string_view named = std::string_view(*bytes).substr(0, kNamedBytes);
    if (!equal_in_constant_time(seal_of(named), std::string_view(*bytes).substr(kNamedBytes)))
        return std::nullopt;
    std::uint64_t position = 0;
    for (const char byte : named.substr(0, 8))
        position = position << 8 | static_cast<unsigned char>(byte);
    return Cursor{static_cast<std::int64_t>(position), hex_of(named.substr(8))};
}

}  // namespace mis::sink::feed
