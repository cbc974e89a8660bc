#include "base/decimal.hpp"

#include "base/result.hpp"

namespace mis {
namespace {

__extension__ using Wide = __int128;

constexpr int kScaleMax = 9;
constexpr int kDigitsMax = 18;
constexpr Wide kLargest = 999'999'999'999'999'999;  // of 18 digits

Wide scaled_to(const Decimal& value, int scale) {
    Wide wide = value.unscaled();
    for (int at = value.scale(); at < scale; ++at) wide *= 10;
    return wide;
}

// What does not fit loses decimals first, and stays at the largest number then.
Decimal narrow(Wide unscaled, int scale) {
    while (scale > 0 && unscaled % 10 == 0) {
        unscaled /= 10;
        --scale;
    }
    for (; scale > 0 && (unscaled > kLargest || unscaled < -kLargest); --scale)
        unscaled = (unscaled + (unscaled < 0 ? -5 : 5)) / 10;
    if (unscaled > kLargest) unscaled = kLargest;
    if (unscaled < -kLargest) unscaled = -kLargest;
    return Decimal(static_cast<std::int64_t>(unscaled), scale);
}

}  // namespace

Decimal::Decimal(std::int64_t unscaled, int scale) : unscaled_(unscaled), scale_(scale) {
    MIS_ASSERT(scale >= 0 && scale <= kScaleMax);
    while (scale_ > 0 && unscaled_ % 10 == 0) {
        unscaled_ /= 10;
        --scale_;
    }
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
    bool negative = false;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        text.remove_prefix(1);
    }
    std::int64_t unscaled = 0;
    int digits = 0;
    int scale = -1;  // no separator seen yet
    for (const char c : text) {
        if (c == '.' || c == ',') {
            if (scale >= 0 || digits == 0) return std::nullopt;
            scale = 0;
        } else if (c >= '0' && c <= '9') {
            if (scale >= kScaleMax) {
                if (c != '0') return std::nullopt;
                continue;  // trailing zeros beyond our scale change nothing
            }
            if (unscaled != 0 || c != '0') {
                if (++digits > kDigitsMax) return std::nullopt;
            } else if (digits == 0) {
                digits = 1;
            }
            unscaled = unscaled * 10 + (c - '0');
            if (scale >= 0) ++scale;
        } else {
            return std::nullopt;
        }
    }
    if (digits == 0 || (scale == 0)) return std::nullopt;
    return Decimal(negative ? -unscaled : unscaled, scale < 0 ? 0 : scale);
}

std::string Decimal::to_string() const {
    const bool negative = unscaled_ < 0;
    std::string digits = std::to_string(
        negative ? -static_cast<Wide>(unscaled_) <= INT64_MAX ? -unscaled_ : unscaled_ : unscaled_
    );
    while (static_cast<int>(digits.size()) <= scale_) digits.insert(digits.begin(), '0');
    if (scale_ > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale_), ".");
    return negative ? "-" + digits : digits;
}

Decimal operator+(const Decimal& a, const Decimal& b) {
    const int scale = std::max(a.scale_, b.scale_);
    return narrow(scaled_to(a, scale) + scaled_to(b, scale), scale);
}
Decimal operator-(const Decimal& a) { return Decimal(-a.unscaled_, a.scale_); }
Decimal operator-(const Decimal& a, const Decimal& b) { return a + -b; }

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
    const int scale = std::max(a.scale_, b.scale_);
    const Wide left = scaled_to(a, scale);
    const Wide right = scaled_to(b, scale);
    return left < right   ? std::strong_ordering::less
           : left > right ? std::strong_ordering::greater
                          : std::strong_ordering::equal;
}

}  // namespace mis
