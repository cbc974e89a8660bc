// Which bit of a mask means which value, learned from rows whose values a human has read elsewhere;
// for `calibrate`. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mis::record {

inline constexpr std::size_t kMaskBits = 64;
inline constexpr std::string_view kNoValue = "--";  // of a bit that means nothing, or is not known

struct KnownMask {
    std::uint64_t mask = 0;
    std::set<std::string> values;
};

// Per bit the values that it may mean after all rows: those that every row with the bit has and no
// row without it. What one bit alone can mean is taken from the others. A bit that occurs in some
// row and has no value left contradicts them.
struct BitTable {
    std::array<std::set<std::string>, kMaskBits> may_mean;
    std::uint64_t seen = 0;  // bits that occur

    bool is_settled(std::size_t bit) const { return may_mean[bit].size() == 1; }
    bool contradicts(std::size_t bit) const {
        return (seen >> bit & 1) != 0 && may_mean[bit].empty();
    }
    // "18,17,--,15": the settled bits, the lowest first, up to the highest settled one.
    std::string text() const;
};
BitTable learn_bits(const std::vector<KnownMask>& rows);

std::vector<std::size_t> bits_of(std::uint64_t mask);  // the lowest first
// "18, 17,--" → its entries without blanks; an empty text: none.
std::vector<std::string> bit_values(std::string_view text);

}  // namespace mis::record
