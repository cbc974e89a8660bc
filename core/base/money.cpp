#include "base/money.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <numeric>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace mis {
namespace {

__extension__ using Wide = __int128;

constexpr std::size_t kMinorDigitsMax = 15;  // of kMinorMax

// What does not fit stays at the largest that does.
template <typename Number>
std::int64_t narrow(const Number& value) {
    if (value > INT64_MAX) return INT64_MAX;
    if (value < -INT64_MAX) return -INT64_MAX;
    return static_cast<std::int64_t>(value);
}

// value / divisor rounded half-up away from zero; divisor > 0.
template <typename Number>
Number divide_half_up(const Number& value, const Number& divisor) {
    const Number magnitude = value < 0 ? Number(-value) : value;
    Number rounded = magnitude / divisor;
    const Number rest = magnitude % divisor;
    if (rest >= divisor - rest) ++rounded;
    return value < 0 ? Number(-rounded) : rounded;
}

std::string_view without_suffix(std::string_view text) {
    for (const std::string_view suffix : {"руб.", "руб", "р.", "р", "₽"})
        if (text.ends_with(suffix)) return trim(text.substr(0, text.size() - suffix.size()));
    return text;
}

// Takes a thousands separator (space, no-break space, thin spaces) off the front; empty: there was
// none.
bool take_space(std::string_view& text) {
    for (const std::string_view space : {" ", "\u00a0", "\u202f", "\u2009"})
        if (text.starts_with(space)) {
            text.remove_prefix(space.size());
            return true;
        }
    return false;
}

// "4500", "-12.50", "4510.35000": what columns hold, without a copy. nullopt: another form, or
// digits that would be rounded.
std::optional<std::int64_t> plain_minor_units(std::string_view text) {
    constexpr std::size_t kWholeDigitsMax = kMinorDigitsMax - 2;
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const std::size_t point = std::min(text.find('.'), text.size());
    if (point == 0 || point > kWholeDigitsMax || point + 1 == text.size()) return std::nullopt;
    std::int64_t minor = 0;
    for (std::size_t i = 0; i < point; ++i) {
        if (!is_digit(text[i])) return std::nullopt;
        minor = minor * 10 + (text[i] - '0');
    }
    for (std::size_t i = point + 1; i < std::max(text.size(), point + 3); ++i) {
        const char c = i < text.size() ? text[i] : '0';
        if (i > point + 2 ? c != '0' : !is_digit(c)) return std::nullopt;
        if (i <= point + 2) minor = minor * 10 + (c - '0');
    }
    return negative ? -minor : minor;
}

}  // namespace

std::optional<Currency> Currency::parse(std::string_view code) {
    if (code.size() != 3 ||
        !std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
        return std::nullopt;
    Currency currency;
    std::copy(code.begin(), code.end(), currency.code_.begin());
    return currency;
}

Money operator+(Money a, Money b) {
    MIS_ASSERT(a.currency == b.currency);
    return Money{narrow(Wide(a.minor) + b.minor), a.currency};
}
Money operator-(Money a) { return Money{narrow(-Wide(a.minor)), a.currency}; }
Money operator-(Money a, Money b) { return a + -b; }

std::strong_ordering operator<=>(const Money& a, const Money& b) {
    MIS_ASSERT(a.currency == b.currency);
    return a.minor <=> b.minor;
}

std::string Money::to_string() const {
    const Wide magnitude = minor < 0 ? -Wide(minor) : Wide(minor);
    const auto whole = static_cast<std::uint64_t>(magnitude / 100);
    const auto cents = static_cast<unsigned>(magnitude % 100);
    std::string text = minor < 0 ? "-" : "";
    text += std::to_string(whole);
    text += '.';
    text += static_cast<char>('0' + cents / 10);
    text += static_cast<char>('0' + cents % 10);
    text += ' ';
    text += currency.code();
    return text;
}

std::optional<ParsedMoney> parse_minor_units(std::string_view text) {
    if (const auto minor = plain_minor_units(text)) return ParsedMoney{*minor, false};
    text = without_suffix(trim(text));
    bool negative = false;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        text.remove_prefix(1);
    }
    std::string digits;  // all significant digits, separator taken out
    int decimals = 0;
    bool in_fraction = false;
    int in_group = -1;  // digits since the last thousands separator; -1: none seen
    while (!text.empty()) {
        if (is_digit(text[0])) {
            digits += text[0];
            if (in_fraction)
                ++decimals;
            else if (in_group >= 0)
                ++in_group;
            text.remove_prefix(1);
        } else if (text[0] == '.' || text[0] == ',') {
            if (in_fraction || digits.empty() || (in_group >= 0 && in_group != 3))
                return std::nullopt;
            in_fraction = true;
            in_group = -1;
            text.remove_prefix(1);
            if (text.empty() || !is_digit(text[0])) return std::nullopt;
        } else if (text[0] == 'e' || text[0] == 'E') {
            break;
        } else if (!in_fraction && !digits.empty() && (in_group < 0 ? digits.size() <= 3 : in_group == 3) && take_space(text)) {
            in_group = 0;
        } else {
            return std::nullopt;
        }
    }
    if (digits.empty() || (in_group >= 0 && in_group != 3)) return std::nullopt;
    int exponent = 0;
    if (!text.empty()) {  // at 'e'
        text.remove_prefix(1);
        const auto power = Decimal::parse(text);
        if (!power || power->scale() != 0 || power->unscaled() > 40 || power->unscaled() < -40)
            return std::nullopt;
        exponent = static_cast<int>(power->unscaled());
    }
    const auto first = digits.find_first_not_of('0');
    if (first == std::string::npos) return ParsedMoney{0, false};
    digits.erase(0, first);
    int shift = exponent + 2 - decimals;  // minor units = digits × 10^shift
    while (shift < 0 && digits.size() > 1 && digits.back() == '0') {
        digits.pop_back();
        ++shift;
    }
    bool rounded = false;
    std::int64_t carry = 0;
    if (shift < 0) {
        const auto cut = static_cast<std::size_t>(-shift);
        rounded = true;
        if (cut > digits.size()) {
            digits = "0";
        } else {
            carry = digits[digits.size() - cut] >= '5' ? 1 : 0;
            digits.resize(digits.size() - cut);
            if (digits.empty()) digits = "0";
        }
        shift = 0;
    }
    if (digits.size() + static_cast<std::size_t>(shift) > kMinorDigitsMax) return std::nullopt;
    std::int64_t minor = 0;
    for (const char c : digits) minor = minor * 10 + (c - '0');
    for (; shift > 0; --shift) minor *= 10;
    minor += carry;
    if (minor > kMinorMax) return std::nullopt;
    return ParsedMoney{negative ? -minor : minor, rounded};
}

std::int64_t multiply_ratio(std::int64_t sum, std::int64_t numerator, std::int64_t denominator) {
    MIS_ASSERT(denominator > 0);
    return narrow(divide_half_up(Wide(sum) * numerator, Wide(denominator)));
}

Money pro_rata(Money total, const Decimal& part, const Decimal& whole) {
    MIS_ASSERT(!whole.is_zero());
    const int scale = std::max(part.scale(), whole.scale());
    Wide numerator = part.unscaled();
    Wide denominator = whole.unscaled();
    for (int at = part.scale(); at < scale; ++at) numerator *= 10;
    for (int at = whole.scale(); at < scale; ++at) denominator *= 10;
    if (denominator < 0) {
        numerator = -numerator;
        denominator = -denominator;
    }
    // Reduced first, so that the product nearly always stays within 128 bits.
    Wide a = numerator < 0 ? -numerator : numerator;
    Wide b = denominator;
    while (b != 0) {
        const Wide rest = a % b;
        a = b;
        b = rest;
    }
    if (a > 1) {
        numerator /= a;
        denominator /= a;
    }
    Wide product = 0;
    if (!__builtin_mul_overflow(Wide(total.minor), numerator, &product))
        return Money{narrow(divide_half_up(product, denominator)), total.currency};
    using Wider = boost::multiprecision::int256_t;
    return Money{
        narrow(divide_half_up(Wider(Wider(total.minor) * numerator), Wider(denominator))),
        total.currency};
}

std::vector<std::int64_t> share_by_largest_remainder(
    std::int64_t total, std::span<const std::int64_t> weights
) {
    std::vector<std::int64_t> shares(weights.size(), 0);
    if (weights.empty()) return shares;
    Wide sum = 0;
    for (const auto weight : weights) {
        MIS_ASSERT(weight >= 0);
        sum += weight;
    }
    if (sum == 0) {
        shares[0] = total;
        return shares;
    }
    const bool negative = total < 0;
    const Wide magnitude = negative ? -Wide(total) : Wide(total);
    std::vector<Wide> remainders(weights.size());
    Wide given = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const Wide product = magnitude * weights[i];
        shares[i] = narrow(product / sum);
        remainders[i] = product % sum;
        given += shares[i];
    }
    std::vector<std::size_t> order(weights.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return remainders[a] > remainders[b];
    });
    for (std::size_t i = 0; given < magnitude; ++i, ++given) ++shares[order[i]];
    if (negative)
        for (auto& share : shares) share = -share;
    return shares;
}

}  // namespace mis
