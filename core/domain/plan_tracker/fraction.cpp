#include "domain/plan_tracker/fraction.hpp"

#include <limits>

namespace mis::domain {
namespace {

constexpr int kDecimals = 6;     // of what is none
constexpr int kDecimalsMax = 9;  // of a Decimal
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::int64_t power_of_ten(int exponent) {
    std::int64_t power = 1;
    for (int i = 0; i < exponent; ++i) power *= 10;
    return power;
}

}  // namespace

Fraction Fraction::reduced(Wide numerator, Wide denominator) {
    Wide a = numerator < 0 ? -numerator : numerator, b = denominator;
    while (b != 0) {
        const Wide rest = a % b;
        a = b;
        b = rest;
    }
    Fraction fraction;
    if (numerator == 0) return fraction;
    numerator /= a;
    denominator /= a;
    while (numerator > kMost || numerator < -kMost || denominator > kMost) {
        numerator /= 2;
        denominator = denominator > 1 ? denominator / 2 : 1;
    }
    fraction.numerator_ = static_cast<std::int64_t>(numerator);
    fraction.denominator_ = static_cast<std::int64_t>(denominator);
    return fraction;
}

Fraction::Fraction(const Decimal& value) {
    if (value.scale() == 0)
        numerator_ = value.unscaled();
    else
        *this = reduced(value.unscaled(), power_of_ten(value.scale()));
}

Fraction Fraction::divided_by(std::int64_t parts) const {
    return reduced(numerator_, Wide{denominator_} * parts);
}

std::string Fraction::to_string() const {
    int scale = 0;
    while (scale < kDecimalsMax && power_of_ten(scale) % denominator_ != 0) ++scale;
    if (power_of_ten(scale) % denominator_ != 0) scale = kDecimals;
    const Wide size = Wide{numerator_ < 0 ? -numerator_ : numerator_} * power_of_ten(scale);
    if (size / denominator_ >= kMost) scale = 0;
    return Decimal(multiply_ratio(numerator_, power_of_ten(scale), denominator_), scale)
        .to_string();
}

Fraction operator+(const Fraction& a, const Fraction& b) {
    using Wide = Fraction::Wide;
    return Fraction::reduced(
        Wide{a.numerator_} * b.denominator_ + Wide{b.numerator_} * a.denominator_,
        Wide{a.denominator_} * b.denominator_
    );
}

Fraction operator-(const Fraction& a, const Fraction& b) {
    using Wide = Fraction::Wide;
    return Fraction::reduced(
        Wide{a.numerator_} * b.denominator_ - Wide{b.numerator_} * a.denominator_,
        Wide{a.denominator_} * b.denominator_
    );
}

std::strong_ordering operator<=>(const Fraction& a, const Fraction& b) {
    using Wide = Fraction::Wide;
    const Wide left = Wide{a.numerator_} * b.denominator_,
               right = Wide{b.numerator_} * a.denominator_;
    return left < right   ? std::strong_ordering::less
           : left > right ? std::strong_ordering::greater
                          : std::strong_ordering::equal;
}

Money pro_rata(Money total, const Fraction& part, const Fraction& whole) {
    using Wide = Fraction::Wide;
    const Fraction ratio = Fraction::reduced(
        Wide{part.numerator_} * whole.denominator_, Wide{part.denominator_} * whole.numerator_
    );
    return Money{multiply_ratio(total.minor, ratio.numerator_, ratio.denominator_), total.currency};
}

}  // namespace mis::domain
