#include "sqlite/packed.hpp"

#include <utility>

#include "base/lz4.hpp"
#include "sqlite/database.hpp"

namespace mis::sqlite {
namespace {

constexpr std::size_t kPackedFrom = 512;  // bytes; what is shorter hardly shrinks

}  // namespace

std::string packed(std::string_view plain) {
    return plain.size() < kPackedFrom ? std::string() : lz4_packed(plain);
}

std::string unpacked(std::string_view frame, std::string_view reading) {
    auto plain = lz4_unpacked(frame);
    if (!plain)
        throw StoreError(
            StoreError::Kind::corrupt,
            "reading " + std::string(reading) + ": " + plain.error().text + "; restore a backup"
        );
    return std::move(*plain);
}

}  // namespace mis::sqlite
