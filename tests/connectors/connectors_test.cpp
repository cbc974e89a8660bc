// Every folder of connectors/ passes the harness; the whole example of connectors/README.md does
// too; the template does not.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "record/conformance.hpp"
#include "record/connector_kit.hpp"
#include "temporary_folder.hpp"
#include "with_meaning.hpp"

using namespace mis;
using namespace mis::record;
namespace fs = std::filesystem;

namespace {

const fs::path kConnectors = fs::path(MIS_SOURCE_DIR) / "connectors";

// A line `folder/file` in back quotes, then a fenced block: the file's content.
std::size_t write_example(const fs::path& readme, const fs::path& into) {
    std::ifstream in(readme);
    std::string line, file;
    std::size_t written = 0;
    while (std::getline(in, line)) {
        const bool names_file = line.size() > 2 && line.front() == '`' && line.back() == '`' &&
                                line.starts_with("`romashka/") &&
                                line.find(' ') == std::string::npos;
        if (names_file) {
            file = line.substr(1, line.size() - 2);
            continue;
        }
        if (file.empty() || !line.starts_with("```")) continue;
        fs::create_directories((into / file).parent_path());
        std::ofstream out(into / file);
        while (std::getline(in, line) && line != "```") out << line << "\n";
        file.clear();
        ++written;
    }
    return written;
}

}  // namespace

TEST_CASE("every connector passes the harness") {
    const auto listed = connector_list(kConnectors);
    CHECK_FALSE(listed.empty());
    for (const auto& connector : listed) {
        const auto report = test_connector(connector.folder, with_meaning());
        INFO(to_text(report));
        CHECK(report.passed());
        CHECK(report.cases > 0);
        CHECK(report.events > 0);  // at least one case says what its records mean
    }
}

TEST_CASE("the whole example of connectors/README.md passes as it stands there") {
    const TemporaryFolder folder;
    CHECK(write_example(kConnectors / "README.md", folder.path()) > 20);
    const auto report = test_connector(folder.path() / "romashka", with_meaning());
    INFO(to_text(report));
    CHECK(report.passed());
    CHECK(report.streams == 4);
}

TEST_CASE("connector new copies the template, whose cases fail until someone has thought") {
    const TemporaryFolder folder;
    const fs::path target = folder.path() / "lotos";
    REQUIRE(connector_new(kConnectors, "lotos", target).has_value());
    CHECK_FALSE(connector_new(kConnectors, "lotos", target).has_value());
    CHECK_FALSE(connector_new(kConnectors, "Lotos!", folder.path() / "other").has_value());
    ConformanceOptions update = with_meaning();
    update.expectations = Expectations::update;
    for (const auto& options : {with_meaning(), update}) {  // --update does not think for anybody
        const auto report = test_connector(target, options);
        INFO(to_text(report));
        CHECK(report.connector == "lotos");
        CHECK(report.streams == 2);
        CHECK(report.cases == 3);
        const auto unfinished = std::count_if(
            report.findings.begin(), report.findings.end(),
            [](const Finding& finding) {
                return finding.what.find("fill me in") != std::string::npos;
            }
        );
        CHECK(
            unfinished == static_cast<std::ptrdiff_t>(report.findings.size())
        );  // and nothing else is wrong with it
        CHECK(unfinished == 11);
        CHECK(report.written.empty());
    }
    std::ifstream readme(target / "README.md");
    std::stringstream text;
    text << readme.rdbuf();
    CHECK(text.str().starts_with("# lotos\n"));
}
