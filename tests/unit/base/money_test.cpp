#include "base/money.hpp"

#include <doctest/doctest.h>

#include "base/decimal.hpp"
#include "base/json.hpp"

using namespace mis;

namespace {
std::string minor(std::string_view text) {
    const auto parsed = parse_minor_units(text);
    return parsed ? std::to_string(parsed->minor) + (parsed->rounded ? " rounded" : "") : "refused";
}
}  // namespace

TEST_CASE("I5: sums are read exactly, in every spelling a clinic's base has") {
    CHECK(minor("4500") == "450000");
    CHECK(minor("4500.5") == "450050");
    CHECK(minor("4.35") == "435");  // the number that binary floating point turns into 434
    CHECK(minor("1.08") == "108");
    CHECK(minor("4 500,00") == "450000");
    CHECK(minor("1\u00a0234\u00a0567,89 руб.") == "123456789");
    CHECK(minor("20000р") == "2000000");
    CHECK(minor("-0.01") == "-1");
    CHECK(minor("0") == "0");
    CHECK(minor("1.5E+3") == "150000");
    CHECK(minor("1.50000") == "150");
    CHECK(minor("9999999999999.99") == "999999999999999");
    CHECK(minor("9 999 999 999 999.99") == "999999999999999");
}

TEST_CASE("I5: more than two decimals are rounded half-up away from zero, once, and say so") {
    CHECK(minor("0.005") == "1 rounded");
    CHECK(minor("0.0049") == "0 rounded");
    CHECK(minor("-0.005") == "-1 rounded");
    CHECK(minor("1.999") == "200 rounded");
    CHECK(minor("1E-7") == "0 rounded");
}

TEST_CASE("I5: what is not a sum is refused, never guessed") {
    for (const auto* text :
         {"", "abc", "1.2.3", "12 34", "1 23", "--1", "1,", ".5", "1e", "1e999",
          "100000000000000000", "10000000000000", "9999999999999.995", "1e13", "NaN", "0x10"})
        CHECK_MESSAGE(minor(text) == "refused", text);
}

TEST_CASE("I5: shares by largest remainder add up, ties to the earlier line") {
    const std::vector<std::int64_t> thirds{1, 1, 1};
    CHECK(share_by_largest_remainder(100, thirds) == std::vector<std::int64_t>{34, 33, 33});
    CHECK(share_by_largest_remainder(-100, thirds) == std::vector<std::int64_t>{-34, -33, -33});
    const std::vector<std::int64_t> none{0, 0};
    CHECK(share_by_largest_remainder(5, none) == std::vector<std::int64_t>{5, 0});
    const std::vector<std::int64_t> big{4'000'000'000'000'000, 4'000'000'000'000'000};
    CHECK(
        share_by_largest_remainder(9'999'999'999'999'999, big) ==
        std::vector<std::int64_t>{5'000'000'000'000'000, 4'999'999'999'999'999}
    );
}

TEST_CASE("P3: quantities are exact decimals") {
    CHECK(Decimal::parse("0,5")->to_string() == "0.5");
    CHECK(Decimal::parse("2.50") == Decimal::parse("2.5"));
    CHECK((*Decimal::parse("0.1") + *Decimal::parse("0.2")) == *Decimal::parse("0.3"));
    CHECK((*Decimal::parse("1") - *Decimal::parse("1.000000001")).to_string() == "-0.000000001");
    CHECK_FALSE(Decimal::parse("1.0000000001"));
    CHECK_FALSE(Decimal::parse("1."));
    CHECK_FALSE(Decimal::parse(""));
    CHECK(pro_rata(Money{400000, {}}, *Decimal::parse("1"), *Decimal::parse("3")).minor == 133333);
    CHECK(pro_rata(Money{-100, {}}, *Decimal::parse("0.5"), *Decimal::parse("100")).minor == -1);
}

TEST_CASE("I5: sums that do not fit stay at the largest that does") {
    const Money most{INT64_MAX, {}};
    CHECK((most + most).minor == INT64_MAX);
    CHECK((-most - most).minor == -INT64_MAX);
    CHECK((-Money{INT64_MIN, {}}).minor == INT64_MAX);
    CHECK(multiply_ratio(INT64_MAX, INT64_MAX, 1) == INT64_MAX);
    CHECK(multiply_ratio(INT64_MAX, INT64_MAX, INT64_MAX) == INT64_MAX);
    CHECK(multiply_ratio(-3, 1, 2) == -2);  // half-up away from zero
    const Decimal large = *Decimal::parse("999999999999999999"), small(1, 9);
    CHECK((large + large) == large);
    CHECK((large + small) == large);
    CHECK(((-large) - large) == -large);
    CHECK(
        (*Decimal::parse("999999999.999999999") + *Decimal::parse("0.000000001")).to_string() ==
        "1000000000"
    );
    CHECK(pro_rata(most, large, small).minor == INT64_MAX);
    CHECK(pro_rata(-most, large, small).minor == -INT64_MAX);
    CHECK(
        pro_rata(
            Money{kMinorMax, {}}, *Decimal::parse("999999998.999999999"),
            *Decimal::parse("999999999.999999998")
        )
            .minor == 999'999'998'999'999
    );
}

TEST_CASE("I5: whole numbers of JSON beyond 64 bits are none, and never turn negative") {
    CHECK(whole_number(Json::parse("9223372036854775807")) == INT64_MAX);
    for (const auto* text :
         {"9223372036854775808", "18446744073709551615", "18446744073709551616", "1.5", "\"1\""})
        CHECK_MESSAGE(!whole_number(Json::parse(text)), text);
    CHECK(whole_number(Json::parse("-9223372036854775808")) == INT64_MIN);
    CHECK_FALSE(money_from_json(Json::parse(R"({"currency":"RUB","minor":9223372036854775808})")));
}
