// Eight bytes of a text at a time, for the few loops that look at every byte of every body.
//
// A mark is the high bit of a byte. The lowest mark is always right; those above it may be there
// for nothing, so only first_marked() may be asked.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mis::byte_words {

inline constexpr std::size_t kBytes = 8;
inline constexpr std::uint64_t kOnes = 0x0101010101010101U;
inline constexpr std::uint64_t kHighs = 0x8080808080808080U;

inline std::uint64_t load(const char* at) {  // the first byte lowest
    std::uint64_t word = 0;
    std::memcpy(&word, at, kBytes);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

inline std::uint64_t marked_equal(std::uint64_t word, char byte) {
    const std::uint64_t zero_where_equal = word ^ (kOnes * static_cast<unsigned char>(byte));
    return (zero_where_equal - kOnes) & ~zero_where_equal & kHighs;
}

inline std::uint64_t marked_below(std::uint64_t word, unsigned char bound) {  // bound: at most 128
    return (word - kOnes * bound) & ~word & kHighs;
}

inline std::size_t first_marked(std::uint64_t marks) {  // marks: not 0
    return static_cast<std::size_t>(std::countr_zero(marks)) / kBytes;
}

}  // namespace mis::byte_words
