#include "base/teeth.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"

using namespace mis;

namespace {
std::string read(std::string_view text) {
    const auto teeth = parse_teeth(text);
    if (!teeth) return "refused";
    std::string out;
    for (const auto& tooth : *teeth) out += (out.empty() ? "" : " ") + tooth;
    return out;
}
}  // namespace

TEST_CASE("I7: what MISs write for teeth") {
    CHECK(read("") == "");
    CHECK(read("16") == "16");
    CHECK(read("1.6") == "16");
    CHECK(read("#16") == "16");
    CHECK(read("16,17") == "16 17");
    CHECK(read("17; 16 ;16") == "16 17");
    CHECK(read("11-13") == "11 12 13");
    CHECK(read("12-22") == "11 12 21 22");
    CHECK(read("48-46") == "46 47 48");
    CHECK(read("5.5-5.3") == "53 54 55");
    CHECK(read("В/Ч") == "upper");
    CHECK(read("н/ч") == "lower");
    CHECK(read("вся полость рта") == "mouth");
    CHECK(read("II квадрант") == "quadrant-2");
    CHECK(read("1 квадрант") == "quadrant-1");
    CHECK(read("quadrant-3") == "quadrant-3");
    CHECK(read("Quadrant 3") == "quadrant-3");
    CHECK(read("Н.Ч.") == "lower");
}

TEST_CASE("I7: what cannot be read is refused, never guessed") {
    for (const auto* text :
         {"19", "49", "56", "86", "1", "161", "16,", ",16", "16-38", "16-55", "зуб", "16 а", "0",
          "1.9", "quadrant-9", "16--17"})
        CHECK_MESSAGE(read(text) == "refused", text);
}

TEST_CASE("P3: an area contains the teeth of its quadrant or jaw") {
    CHECK(area_contains("quadrant-1", "16"));
    CHECK_FALSE(area_contains("quadrant-1", "26"));
    CHECK(area_contains("upper", "55"));
    CHECK(area_contains("lower", "75"));
    CHECK(area_contains("mouth", "31"));
    CHECK_FALSE(area_contains("upper", "upper"));
}

TEST_CASE("I7: surfaces M O I D B V L P") {
    CHECK(parse_surfaces("mod") == "MOD");
    CHECK(parse_surfaces("Д, О, М") == "MOD");
    CHECK(parse_surfaces("") == "");
    CHECK_FALSE(parse_surfaces("X"));
}
