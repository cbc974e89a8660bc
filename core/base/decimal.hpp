// Decimal: an exact decimal number (quantities, prices before rounding). No binary floating point
// anywhere.
//
// value = unscaled / 10^scale, 0 <= scale <= 9. Comparison and arithmetic are exact (128 bits
// inside); a sum of more than 18 digits loses decimals first, and stays at the largest number then.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mis {

class Decimal {
  public:
    Decimal() = default;
    Decimal(std::int64_t unscaled, int scale);

    // "-12", "12.50", "12,5"; nothing but digits, one sign, one separator. Up to 9 decimals and 18
    // digits; else nullopt.
    static std::optional<Decimal> parse(std::string_view text);

    std::string to_string() const;  // shortest form: "1", "0.5", "-12.25"
    std::int64_t unscaled() const { return unscaled_; }
    int scale() const { return scale_; }
    bool is_zero() const { return unscaled_ == 0; }
    bool is_negative() const { return unscaled_ < 0; }

    friend Decimal operator+(const Decimal& a, const Decimal& b);
    friend Decimal operator-(const Decimal& a, const Decimal& b);
    friend Decimal operator-(const Decimal& a);
    friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }
    friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);

  private:
    std::int64_t unscaled_ = 0;
    int scale_ = 0;
};

// The largest quantity, either way, that anybody may state.
inline const Decimal kQuantityMax(1'000'000, 0);

}  // namespace mis
