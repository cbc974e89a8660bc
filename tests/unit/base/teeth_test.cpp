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

TEST_CASE("I7: teeth of the Universal system") {
    const auto read_universal = [](std::string_view text) {
        const auto teeth = parse_teeth_universal(text);
        if (!teeth) return std::string("refused");
        std::string joined;
        for (const auto& tooth : *teeth) joined += (joined.empty() ? "" : " ") + tooth;
        return joined;
    };
    // the corners of both dentitions, as ADA's chart has them
    for (const auto& [universal, fdi] : std::initializer_list<std::pair<const char*, const char*>>{
             {"1", "18"},
             {"8", "11"},
             {"9", "21"},
             {"16", "28"},
             {"17", "38"},
             {"24", "31"},
             {"25", "41"},
             {"32", "48"},
             {"A", "55"},
             {"E", "51"},
             {"F", "61"},
             {"J", "65"},
             {"K", "75"},
             {"O", "71"},
             {"P", "81"},
             {"T", "85"},
             {"#3", "16"},
             {"03", "16"},
             {"3, 14", "16 26"},
             {"3;14", "16 26"},
             {"1-3", "16 17 18"},
             {"7-10", "11 12 21 22"},
             {"а,в", "54 55"},
             {"в/ч", "upper"},
             {"", ""}})
        CHECK_MESSAGE(read_universal(universal) == fdi, universal);
    for (const auto* text : {"0", "33", "U", "AB", "1a", "16-17", "51", "3,", "1.6", "зуб"})
        CHECK_MESSAGE(read_universal(text) == "refused", text);
}

TEST_CASE("I7: facial is vestibular") {
    CHECK(parse_surfaces("MOF") == "MOV");
    CHECK(parse_surfaces("f") == "V");
    CHECK(parse_surfaces("FV") == "V");
}
