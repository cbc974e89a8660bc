#include "base/json.hpp"
#include "record/conformance.hpp"

namespace mis::record {

std::string to_text(const ConformanceReport& report) {
    const auto count = [](int number, const char* what) {
        return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
    };
    std::string text;
    for (const std::string& file : report.written)
        text += report.connector + "/" + file + ": written\n";
    for (const Finding& finding : report.findings)
        text += report.connector + "/" + finding.place() + ": " + finding.what +
                "\n    remedy: " + finding.remedy + "\n";
    text +=
        report.connector + ": " + count(report.streams, "stream") + ", " +
        count(report.cases, "case") + ", " + count(report.rows, "row") + ", " +
        count(report.records, "record") + ", " + count(report.events, "event") + ", " +
        count(report.fetches, "fetch text") + ": " +
        (report.passed() ? "passed" : count(static_cast<int>(report.findings.size()), "finding")) +
        "\n";
    return text;
}

std::string to_json_lines(const ConformanceReport& report) {
    std::string lines;
    for (const Finding& finding : report.findings)
        lines += canonical_json(Json{
                     {"connector", report.connector},
                     {"file", finding.file},
                     {"line", finding.line},
                     {"what", finding.what},
                     {"remedy", finding.remedy}}) +
                 "\n";
    lines += canonical_json(Json{
                 {"connector", report.connector},
                 {"streams", report.streams},
                 {"cases", report.cases},
                 {"rows", report.rows},
                 {"records", report.records},
                 {"events", report.events},
                 {"fetches", report.fetches},
                 {"findings", report.findings.size()},
                 {"written", report.written},
                 {"passed", report.passed()}}) +
             "\n";
    return lines;
}

}  // namespace mis::record
