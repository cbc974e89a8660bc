// Commands for integrators: connector list, new, test; version.
#include "gateway/cli/print.hpp"
#include "platform/file.hpp"
#include "record/conformance.hpp"
#include "record/connector_kit.hpp"

namespace mis::gateway::cli {
namespace {

constexpr const char* kVersion = MIS_VERSION;

std::filesystem::path shipped() { return platform::share_directory() / "connectors"; }

}  // namespace

int version(Output output) {
    const auto share = platform::share_directory();
    if (output == Output::json)
        print_json({{"version", kVersion}, {"share", share.string()}});
    else
        print_line(
            std::string("mis-gateway ") + kVersion +
            "\nconnectors, schemas, groups: " + share.string()
        );
    return kDone;
}

int connector_list(Output output) {
    Table table({"connector", "title", "streams"});
    for (const auto& connector : record::connector_list(shipped())) {
        std::string streams;
        for (const auto& stream : connector.streams)
            streams += (streams.empty() ? "" : " ") + stream;
        if (output == Output::json)
            print_json(
                {{"connector", connector.name},
                 {"title", connector.title},
                 {"dialect", connector.dialect},
                 {"streams", connector.streams},
                 {"folder", connector.folder.string()},
                 {"problem", connector.problem}}
            );
        else
            table.add(
                {connector.name, connector.title,
                 connector.problem.empty() ? streams : "does not load: " + connector.problem}
            );
    }
    if (output == Output::table) table.print();
    return kDone;
}

int connector_new(const std::string& name, const std::filesystem::path& folder) {
    if (const auto made = record::connector_new(shipped(), name, folder); !made)
        return report_error(made.error());
    print_line(
        folder.string() +
        "/ made. Next: describe the streams in connector.yaml, write the SELECTs, replace each "
        "\"fill me in\", then\n  mis-gateway connector test " +
        folder.string() + "\nThe guide is " + (shipped() / "README.md").string()
    );
    return kDone;
}

int connector_test(const ConnectorTest& what, Output output) {
    std::vector<std::filesystem::path> folders;
    for (const auto& name : what.folders) {
        const bool is_name =
            name.find('/') == std::string::npos && !std::filesystem::is_directory(name);
        folders.push_back(is_name ? shipped() / name : std::filesystem::path(name));
        if (!std::filesystem::is_directory(folders.back())) {
            report_error("connector test: no folder " + folders.back().string());
            return kUsage;
        }
    }
    if (folders.empty())
        for (const auto& connector : record::connector_list(shipped()))
            folders.push_back(connector.folder);
    record::ConformanceOptions options;
    if (what.golden == ConnectorTest::Golden::update)
        options.expectations = record::Expectations::update;
    bool passed = true;
    for (const auto& folder : folders) {
        const auto report = record::test_connector(folder, options);
        const std::string text =
            output == Output::json ? record::to_json_lines(report) : record::to_text(report);
        print_line(text.ends_with('\n') ? std::string_view(text).substr(0, text.size() - 1) : text);
        passed &= report.passed();
    }
    return passed ? kDone : kFailed;
}

}  // namespace mis::gateway::cli
