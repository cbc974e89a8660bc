// Every tests/scenarios/NAME.scenario.yaml must give the rows of NAME.expected.txt.
// MIS_UPDATE_GOLDEN=1 writes the rows instead; read the diff.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "domain/event_rows.hpp"
#include "support/scenario_world.hpp"

namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::filesystem::path> scenario_files() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(MIS_SOURCE_DIR) / "tests/scenarios"
         )) {
        if (entry.path().string().ends_with(".scenario.yaml")) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::string expected_of(const std::filesystem::path& file) {
    std::string expected = file.string();
    return expected.replace(
        expected.size() - std::string("scenario.yaml").size(), std::string::npos, "expected.txt"
    );
}

std::string what_leaves(const std::string& rows) {
    std::string kept, line;
    std::istringstream lines(rows);
    while (std::getline(lines, line)) {
        if (line.starts_with("  ")) kept += line + "\n";
    }
    return kept;
}

std::string output_of(const std::string& command) {
    std::string output;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    char buffer[4096];
    for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        output.append(buffer, got);
    CHECK(::pclose(pipe) == 0);
    return output;
}

}  // namespace

// MIS_GATEWAY_BINARY names the built program; without it only the domain is tested. Slots are the
// foundation's own and have their own tests.
TEST_CASE("scenarios: the real program prints the same events") {
    const char* binary = std::getenv("MIS_GATEWAY_BINARY");
    if (binary == nullptr) return;
    for (const auto& file : scenario_files()) {
        CAPTURE(file.string());
        mis::domain::EventRows rows;
        std::string printed, line;
        std::istringstream lines(output_of(std::string(binary) + " scenario " + file.string()));
        while (std::getline(lines, line)) {
            const auto event = mis::parse_json(line);
            REQUIRE(event);
            std::string type = (*event)["type"].get<std::string>();
            type = type.substr(4, type.size() - 7);  // without "mis." and ".v1"
            if (type != "slots.changed") printed += rows.row(type, (*event)["data"], false);
        }
        CHECK(printed == what_leaves(text_of(expected_of(file))));
    }
}

TEST_CASE("scenarios: every file gives its expected rows, twice") {
    const auto files = scenario_files();
    REQUIRE(!files.empty());
    for (const auto& file : files) {
        CAPTURE(file.string());
        const std::string expected = expected_of(file);
        const std::string rows = mis::test::run_scenario(file);
        CHECK(rows == mis::test::run_scenario(file));
        if (std::getenv("MIS_UPDATE_GOLDEN") != nullptr) {
            std::ofstream(expected, std::ios::binary) << rows;
        } else {
            CHECK(rows == text_of(expected));
        }
    }
}
