// Every tests/scenarios/NAME.scenario.yaml must give the rows of NAME.expected.txt. MIS_UPDATE_GOLDEN=1 writes the rows instead; read the diff.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/scenario_world.hpp"

namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("scenarios: every file gives its expected rows, twice") {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(MIS_SOURCE_DIR) / "tests/scenarios")) {
        if (entry.path().string().ends_with(".scenario.yaml")) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    REQUIRE(!files.empty());
    for (const auto& file : files) {
        CAPTURE(file.string());
        std::string expected = file.string();
        expected.replace(expected.size() - std::string("scenario.yaml").size(), std::string::npos, "expected.txt");
        const std::string rows = mis::test::run_scenario(file);
        CHECK(rows == mis::test::run_scenario(file));
        if (std::getenv("MIS_UPDATE_GOLDEN") != nullptr) {
            std::ofstream(expected, std::ios::binary) << rows;
        } else {
            CHECK(rows == text_of(expected));
        }
    }
}
