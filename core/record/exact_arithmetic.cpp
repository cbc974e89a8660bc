#include "record/exact_arithmetic.hpp"

#include <algorithm>

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

Wide divide_rounded(Wide dividend, Wide divisor) {  // divisor > 0
    const Wide half = divisor / 2 + divisor % 2;
    Wide quotient = dividend / divisor;
    const Wide remainder = dividend % divisor;
    if (remainder >= half) ++quotient;
    if (-remainder >= half) --quotient;
    return quotient;
}

}  // namespace

std::optional<Decimal> read_decimal(std::string_view text) {
    text = trim(text);
    if (text.find_first_of(".,") != std::string_view::npos)
        while (text.size() > 2 && text.back() == '0' && text[text.size() - 2] >= '0' &&
               text[text.size() - 2] <= '9')
            text.remove_suffix(1);
    return Decimal::parse(text);
}

std::optional<Decimal> exact_sum(const Decimal& a, const Decimal& b) {
    const int scale = std::max(a.scale(), b.scale());
    return fitted(scaled_up(a, scale) + scaled_up(b, scale), scale);
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
    const Wide share =
        divide_rounded(total_minor * to, whole) - divide_rounded(total_minor * from, whole);
    return static_cast<std::int64_t>(share);
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
