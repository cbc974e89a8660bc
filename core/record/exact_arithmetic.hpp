// Exact decimal arithmetic for maps, where a wrong row must not stop the process: what does not fit
// is nullopt, not an assertion.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.hpp"

namespace mis::record {

// As Decimal::parse, but trailing zeros beyond nine decimals are no harm ("1.0000000000").
std::optional<Decimal> read_decimal(std::string_view text);

// Its shortest form, as Decimal::to_string.
void append_decimal(std::string& out, const Decimal& value);

// nullopt: more than 18 digits or nine decimals.
std::optional<Decimal> exact_sum(const Decimal& a, const Decimal& b);
std::optional<Decimal> exact_product(const Decimal& a, const Decimal& b);

// round(total × through / sum) − round(total × before / sum), half away from zero: the shares of
// consecutive lines add up to the total exactly. nullopt: sum is zero or negative, or weights
// outside 0 … sum.
std::optional<std::int64_t> share_between(
    std::int64_t total_minor, const Decimal& before, const Decimal& through, const Decimal& sum
);

// Whole numbers in proportion to the decimals; nullopt: a negative one, or too many digits.
std::optional<std::vector<std::int64_t>> common_scale(const std::vector<Decimal>& decimals);

}  // namespace mis::record
