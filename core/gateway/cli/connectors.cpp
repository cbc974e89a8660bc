// Commands for integrators: connector list, new, test; version.
#include "gateway/cli/print.hpp"
#include "gateway/scenario/case_events.hpp"
#include "platform/file.hpp"
#include "record/conformance.hpp"
#include "record/connector_kit.hpp"

namespace mis::gateway::cli {
namespace {

constexpr const char* kVersion = MIS_VERSION;

std::filesystem::path shipped() { return platform::share_directory() / "connectors"; }

// A shipped connector by name, else a folder by path; what is neither is explained.
Result<std::filesystem::path> folder_of(const std::string& name) {
    const bool is_name = name.find('/') == std::string::npos && !name.empty();
    const auto by_name = shipped() / name;
    if (std::filesystem::is_regular_file(std::filesystem::path(name) / "connector.yaml"))
        return std::filesystem::path(name);
    if (is_name && std::filesystem::is_directory(by_name)) return by_name;
    std::string what = "connector test " + name + ": ";
    if (std::filesystem::is_directory(name)) {
        what += "that folder has no connector.yaml, so it is no connector's";
    } else if (std::filesystem::exists(name)) {
        what += "that is a file; name the connector's folder";
    } else {
        std::string known;
        for (const auto& connector : record::connector_list(shipped()))
            known += (known.empty() ? "" : ", ") + connector.name;
        what += "no such folder here, and no shipped connector of that name; shipped (in " +
                shipped().string() + "): " + (known.empty() ? "none" : known) +
                ". Give a path, such as ./" + name + " or /srv/connectors/" + name +
                ", or make one with `mis-gateway connector new " + name + "`";
    }
    return fail(ErrorKind::misconfigured, std::move(what));
}

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
        auto folder = folder_of(name);
        if (!folder) return report_error(folder.error());
        folders.push_back(std::move(*folder));
    }
    if (folders.empty())
        for (const auto& connector : record::connector_list(shipped()))
            folders.push_back(connector.folder);
    if (!what.overlay.empty() && folders.size() != 1)
        return report_error(Error{
            ErrorKind::misconfigured,
            "connector test --overlay: name the one connector that it is laid over: connector test "
            "NAME --overlay " +
                what.overlay.string()});
    record::ConformanceOptions options;
    options.overlay = what.overlay;
    options.events_of = case_events;
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
