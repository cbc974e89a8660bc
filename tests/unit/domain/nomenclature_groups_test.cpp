#include "domain/nomenclature_groups.hpp"

#include <doctest/doctest.h>

using namespace mis;
using namespace mis::domain;

namespace {

NomenclatureGroups shipped() {
    auto groups = NomenclatureGroups::load(MIS_SOURCE_DIR "/config/nomenclature_groups.yaml");
    if (!groups) FAIL(groups.error().text);
    return std::move(*groups);
}

std::string group_of(const NomenclatureGroups& groups, std::string_view code) {
    const auto* entry = groups.find(code);
    return entry == nullptr ? "none" : std::string(to_string(entry->group));
}

std::string refusal(std::string_view yaml) {
    const auto groups = NomenclatureGroups::from_text(yaml, "groups.yaml");
    return groups ? "accepted" : groups.error().text;
}

}  // namespace

TEST_CASE("I9: the shipped file knows the dental part of the nomenclature") {
    const NomenclatureGroups groups = shipped();
    CHECK(group_of(groups, "B01.065.001") == "consultation");
    CHECK(group_of(groups, "B01.063.001") == "consultation");
    CHECK(group_of(groups, "B01.068.002") == "consultation");
    CHECK(group_of(groups, "B01.069.001") == "none");
    CHECK(group_of(groups, "B01.003.004.005") == "accompanying");
    CHECK(group_of(groups, "B04.065.005") == "diagnostics");
    CHECK(group_of(groups, "A06.07.003") == "diagnostics");
    CHECK(group_of(groups, "A16.07.002.010") == "therapy");
    CHECK(group_of(groups, "A16.07.001.002") == "surgery");
    CHECK(group_of(groups, "A16.07.004.001") == "prosthetics");
    CHECK(group_of(groups, "A16.07.035") == "prosthetics");
    CHECK(group_of(groups, "A16.07.054") == "implant");
    CHECK(group_of(groups, "A16.07.051") == "hygiene");
    CHECK(group_of(groups, "A16.07.050") == "hygiene");
    CHECK(group_of(groups, "A16.07.048") == "orthodontics");
    CHECK(group_of(groups, "A11.07.012") == "hygiene");
    CHECK(group_of(groups, "A11.07.022") == "therapy");
    CHECK(group_of(groups, "Z99") == "none");
    CHECK(groups.size() > 90);
}

TEST_CASE("I9: flags of extraction, survival, temporary filling and components") {
    const NomenclatureGroups groups = shipped();
    CHECK(groups.find("A16.07.001")->is_extraction);
    CHECK(groups.find("A16.07.001.003")->is_extraction);
    CHECK(groups.find("A16.07.024")->is_extraction);
    CHECK(!groups.find("A16.07.059")->is_extraction);
    CHECK(groups.find("A16.07.004")->survives_extraction);
    CHECK(groups.find("A16.07.054")->survives_extraction);
    CHECK(!groups.find("A16.07.002")->survives_extraction);
    CHECK(groups.find("A16.07.002.009")->starts_only);
    CHECK(!groups.find("A16.07.002")->starts_only);
    CHECK(!groups.find("A16.07.002.010")->starts_only);
    CHECK(groups.is_component("A02.07.010.001", "A16.07.004.001"));
    CHECK(!groups.is_component("A02.07.010.001", "A16.07.002"));
}

TEST_CASE("I9: the longest prefix at a dot wins, Cyrillic letters are read as Latin") {
    const auto groups = NomenclatureGroups::from_text(
        "codes: {А16.07: {group: therapy}, A16.07.002: {group: surgery, starts_only: true}}",
        "groups.yaml"
    );
    REQUIRE(groups);
    CHECK(group_of(*groups, "a16.07.002.1") == "surgery");
    CHECK(group_of(*groups, "А16.07.0021") == "therapy");  // Cyrillic А, and no dot after 002
    CHECK(!groups->find("A16.07.0021")->starts_only);
    CHECK(group_of(*groups, "A16.071") == "none");
    CHECK(is_code_prefix("A16.07.002", "A16.07.002.010"));
    CHECK(!is_code_prefix("A16.07.002", "A16.07.0020"));
}

TEST_CASE("I9: a clinic's file replaces and adds, code by code") {
    NomenclatureGroups groups = shipped();
    REQUIRE(groups.extend_from_text(
        "codes: {A16.07.004: {group: prosthetics}, T-16: {group: therapy, name: Пломба}}",
        "site.yaml"
    ));
    CHECK(!groups.find("A16.07.004")->survives_extraction);
    CHECK(group_of(groups, "т-16") == "therapy");
    CHECK(group_of(groups, "A16.07.003") == "prosthetics");
}

TEST_CASE("I9: a mistake is named with file, line and remedy, and changes nothing") {
    CHECK(refusal("codes:\n  A1: {group: dentistry}\n")
              .starts_with("groups.yaml:2: unknown group: one of consultation, therapy"));
    CHECK(refusal("codes:\n  A1: {name: x}\n") == "groups.yaml:2: A1 has no group: add one");
    CHECK(refusal("codes:\n  A1: {group: therapy, extraction: true}\n")
              .starts_with("groups.yaml:2: unknown key extraction"));
    CHECK(refusal("codes:\n  A1..2: {group: therapy}\n")
              .starts_with("groups.yaml:2: not a service code"));
    CHECK(
        refusal("codes:\n  A1: {group: therapy}\n  А1: {group: surgery}\n")
            .find("twice in other letters") != std::string::npos
    );
    CHECK(refusal("groups: {}\n").starts_with("groups.yaml:1: no map `codes`"));
    NomenclatureGroups groups = shipped();
    const std::size_t before = groups.size();
    CHECK(!groups.extend_from_text("codes: {NEW: {group: therapy}, BAD: {group: x}}", "site.yaml"));
    CHECK(groups.size() == before);
}
