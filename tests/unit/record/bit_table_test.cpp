// What known rows teach of a mask.
#include "record/bit_table.hpp"

#include <doctest/doctest.h>

using namespace mis::record;

TEST_CASE("bits: rows with and without a bit say what it means, and one bit's value is no other's"
) {
    // bit 0 = 18, bit 1 = 17, bit 3 = 48
    const std::vector<KnownMask> rows = {
        {0b0001, {"18"}}, {0b0011, {"18", "17"}}, {0b1010, {"17", "48"}}};
    const auto table = learn_bits(rows);
    CHECK(table.text() == "18,17,--,48");
    CHECK(table.seen == 0b1011);
    CHECK_FALSE(table.contradicts(0));
    CHECK_FALSE(table.contradicts(2));  // it never occurs
}

TEST_CASE("bits: what rows do not settle stays open, what no value fits is told") {
    CHECK(learn_bits({{0b11, {"18", "17"}}}).text() == "");
    CHECK(learn_bits({{0b11, {"18", "17"}}}).may_mean[0].size() == 2);
    const auto wrong = learn_bits({{0b01, {"18"}}, {0b10, {"18"}}});
    CHECK(wrong.contradicts(0));
    CHECK(wrong.contradicts(1));
    const auto missing = learn_bits({{0b1, {}}});
    CHECK(missing.contradicts(0));
    const auto highest = learn_bits({{std::uint64_t{1} << 63, {"75"}}});
    CHECK(highest.is_settled(63));
}

TEST_CASE("bits: lists as a site writes them") {
    CHECK(bit_values(" 18, 17,--,") == std::vector<std::string>{"18", "17", "--"});
    CHECK(bit_values("  ").empty());
    CHECK(bits_of(65536) == std::vector<std::size_t>{16});
}
