// Money: an exact integer of minor units (kopecks) with an ISO 4217 code (I5).
//
// Wire form {"minor": 450000, "currency": "RUB"}. Arithmetic between currencies is a broken
// invariant: the caller compares first. No entrance lets a sum beyond kMinorMax in; sums of sums
// that would not fit stay at the largest that does, so that nothing a store holds can stop the
// program. Rounding is half-up away from zero, once, at parsing, and is reported.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.hpp"

namespace mis {

// The largest sum, either way, that anybody may state: 15 digits, which every reader of JSON takes
// exactly.
inline constexpr std::int64_t kMinorMax = 999'999'999'999'999;

class Currency {
  public:
    constexpr Currency() = default;                                   // RUB
    static std::optional<Currency> parse(std::string_view iso_4217);  // three capital letters
    std::string_view code() const { return {code_.data(), code_.size()}; }
    friend bool operator==(const Currency&, const Currency&) = default;
    friend auto operator<=>(const Currency&, const Currency&) = default;

  private:
    std::array<char, 3> code_{'R', 'U', 'B'};
};

struct Money {
    std::int64_t minor = 0;
    Currency currency;

    bool is_zero() const { return minor == 0; }
    bool within_bound() const { return minor <= kMinorMax && minor >= -kMinorMax; }
    friend bool operator==(const Money&, const Money&) = default;
    friend Money operator+(Money a, Money b);
    friend Money operator-(Money a, Money b);
    friend Money operator-(Money a);
    Money& operator+=(Money other) { return *this = *this + other; }
    Money& operator-=(Money other) { return *this = *this - other; }
    std::string to_string() const;  // "4500.00 RUB", for people
};

// Same currency required.
std::strong_ordering operator<=>(const Money& a, const Money& b);

struct ParsedMoney {
    std::int64_t minor;
    bool rounded;  // the text had more than two significant decimals (I5)
};

// "4500", "4500.5", "4 500,00", "-12.345" (any count of decimals), with plain, no-break or thin
// spaces as thousands separators; «р», «р.», «руб», «руб.» or «₽» may follow.
// Exponents ("1.5E+3", what a driver prints of a double) are read exactly.
// nullopt: not a sum, or beyond kMinorMax.
std::optional<ParsedMoney> parse_minor_units(std::string_view text);

// sum × numerator / denominator, rounded half-up away from zero; denominator > 0.
std::int64_t multiply_ratio(std::int64_t sum, std::int64_t numerator, std::int64_t denominator);

// total × part / whole for decimals (price pro rata of a quantity), rounded half-up away from zero;
// whole != 0.
Money pro_rata(Money total, const Decimal& part, const Decimal& whole);

// Shares of total in proportion to weights (>= 0), adding up exactly: largest remainder, ties to
// the earlier (I5). All weights zero: everything to the first.
std::vector<std::int64_t> share_by_largest_remainder(
    std::int64_t total, std::span<const std::int64_t> weights
);

}  // namespace mis
