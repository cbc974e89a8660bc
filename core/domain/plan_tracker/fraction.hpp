// Fraction: an exact part of an item's quantity (P3), where a decimal would not do: one crown on
// three teeth is a third on each.
//
// Lowest terms, the denominator above 0. Exact as long as both fit 63 bits, which every quantity of
// a dental plan does; beyond that the nearest that fits, never an overflow.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/decimal.hpp"
#include "base/money.hpp"

namespace mis::domain {

class Fraction {
  public:
    Fraction() = default;
    Fraction(const Decimal& value);  // implicit: every decimal is one

    bool is_zero() const { return numerator_ == 0; }
    bool is_positive() const { return numerator_ > 0; }
    Fraction divided_by(std::int64_t parts) const;  // parts > 0
    // Decimals as they are; of others, like a third, 6 decimals, rounded half-up.
    std::string to_string() const;

    friend Fraction operator+(const Fraction& a, const Fraction& b);
    friend Fraction operator-(const Fraction& a, const Fraction& b);
    friend bool operator==(const Fraction&, const Fraction&) = default;
    friend std::strong_ordering operator<=>(const Fraction& a, const Fraction& b);
    // total × part / whole, rounded half-up away from zero; whole is not 0.
    friend Money pro_rata(Money total, const Fraction& part, const Fraction& whole);

  private:
    __extension__ using Wide = __int128;
    std::int64_t numerator_ = 0, denominator_ = 1;

    static Fraction reduced(Wide numerator, Wide denominator);
};

Money pro_rata(Money total, const Fraction& part, const Fraction& whole);

}  // namespace mis::domain
