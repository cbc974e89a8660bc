#include "record/exact_arithmetic.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace mis::record {

namespace {

__extension__ typedef __int128 Wide;

constexpr std::int64_t kUnscaledMax = 999'999'999'999'999'999;
constexpr int kScaleMax = 9;

Wide scaled_up(const Decimal& value, int scale) {
    Wide unscaled = value.unscaled();
    for (int i = value.scale(); i < scale; ++i) unscaled *= 10;
    return unscaled;
}

std::optional<Decimal> fitted(Wide unscaled, int scale) {
    while (scale > 0 && unscaled % 10 == 0) {
        unscaled /= 10;
        --scale;
    }
    if (scale > kScaleMax || unscaled > kUnscaledMax || unscaled < -kUnscaledMax)
        return std::nullopt;
    return Decimal(static_cast<std::int64_t>(unscaled), scale);
}

template <typename Number>
Number divide_rounded(Number dividend, Number divisor) {  // divisor > 0
    const Number half = divisor / 2 + divisor % 2;
    Number quotient = dividend / divisor;
    const Number remainder = dividend % divisor;
    if (remainder >= half) ++quotient;
    if (-remainder >= half) --quotient;
    return quotient;
}

// round(total × part / whole), 0 <= part <= whole: in 64 bits where the product fits.
Wide rounded_part(std::int64_t total, Wide part, Wide whole) {
    std::int64_t product = 0;
    if (whole <= INT64_MAX &&
        !__builtin_mul_overflow(total, static_cast<std::int64_t>(part), &product))
        return divide_rounded(product, static_cast<std::int64_t>(whole));
    return divide_rounded(total * part, whole);
}

// "4500", "-12.50", "1.0000": what columns hold. nullopt: of another form, or too long.
std::optional<Decimal> plain_decimal(std::string_view text) {
    constexpr std::size_t kDigitsMax = 18;
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    if (text.empty() || text.size() > kDigitsMax || !is_digit(text[0])) return std::nullopt;
    std::int64_t value = 0, kept = 0;  // kept: without the fraction's trailing zeros
    int scale = 0, kept_scale = 0;
    std::size_t at = 0;
    for (; at < text.size() && is_digit(text[at]); ++at) value = value * 10 + (text[at] - '0');
    kept = value;
    if (at < text.size()) {
        if (text[at] != '.' || ++at == text.size()) return std::nullopt;
        for (; at < text.size(); ++at) {
            if (!is_digit(text[at])) return std::nullopt;
            value = value * 10 + (text[at] - '0');
            ++scale;
            if (text[at] == '0') continue;
            kept = value;
            kept_scale = scale;
        }
    }
    if (kept_scale > kScaleMax) return std::nullopt;
    return Decimal(negative ? -kept : kept, kept_scale);
}

}  // namespace

std::optional<Decimal> read_decimal(std::string_view text) {
    if (const auto plain = plain_decimal(text)) return plain;
    text = trim(text);
    if (text.find_first_of(".,") != std::string_view::npos)
        while (text.size() > 2 && text.back() == '0' && text[text.size() - 2] >= '0' &&
               text[text.size() - 2] <= '9')
            text.remove_suffix(1);
    return Decimal::parse(text);
}

void append_decimal(std::string& out, const Decimal& value) {
    char digits[24];
    const std::int64_t unscaled = value.unscaled();
    const auto magnitude = unscaled < 0 ? 0 - static_cast<std::uint64_t>(unscaled)
                                        : static_cast<std::uint64_t>(unscaled);
    const auto end = std::to_chars(digits, digits + sizeof digits, magnitude).ptr;
    const auto length = static_cast<std::size_t>(end - digits);
    const auto scale = static_cast<std::size_t>(value.scale());
    if (unscaled < 0) out += '-';
    if (scale == 0) {
        out.append(digits, length);
    } else if (length <= scale) {
        out.append("0.").append(scale - length, '0').append(digits, length);
    } else {
        out.append(digits, length - scale).append(".").append(digits + length - scale, scale);
    }
}

std::optional<Decimal> exact_sum(const Decimal& a, const Decimal& b) {
    const int scale = std::max(a.scale(), b.scale());
    const Wide sum = scaled_up(a, scale) + scaled_up(b, scale);
    if (sum <= kUnscaledMax && sum >= -kUnscaledMax)
        return Decimal(static_cast<std::int64_t>(sum), scale);
    return fitted(sum, scale);
}

std::optional<Decimal> exact_product(const Decimal& a, const Decimal& b) {
    return fitted(static_cast<Wide>(a.unscaled()) * b.unscaled(), a.scale() + b.scale());
}

std::optional<std::int64_t> share_between(
    std::int64_t total_minor, const Decimal& before, const Decimal& through, const Decimal& sum
) {
    const int scale = std::max({before.scale(), through.scale(), sum.scale()});
    const Wide from = scaled_up(before, scale), to = scaled_up(through, scale),
               whole = scaled_up(sum, scale);
    constexpr Wide kWeightMax = 1'000'000'000'000'000'000;  // keeps the products within 128 bits
    if (whole <= 0 || whole > kWeightMax || from < 0 || to < from || to > whole)
        return std::nullopt;
    return static_cast<std::int64_t>(
        rounded_part(total_minor, to, whole) - rounded_part(total_minor, from, whole)
    );
}

std::optional<std::vector<std::int64_t>> common_scale(const std::vector<Decimal>& decimals) {
    int scale = 0;
    for (const Decimal& decimal : decimals) scale = std::max(scale, decimal.scale());
    std::vector<std::int64_t> whole;
    Wide sum = 0;
    for (const Decimal& decimal : decimals) {
        const Wide value = scaled_up(decimal, scale);
        sum += value;
        if (value < 0 || sum > kUnscaledMax) return std::nullopt;
        whole.push_back(static_cast<std::int64_t>(value));
    }
    return whole;
}

}  // namespace mis::record
