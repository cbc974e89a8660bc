#include "gateway/scenario/scenario.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.hpp"
#include "domain/event_rows.hpp"
#include "gateway/cli/commands.hpp"
#include "gateway/cli/print.hpp"

namespace mis::gateway::cli {
namespace {

// "2 rows quarantined: procedure p1, patient 77"
std::string counted(
    const std::vector<std::string>& what, std::string_view one, std::string_view many
) {
    std::string told = fmt::format("{} {}", what.size(), what.size() == 1 ? one : many);
    if (!what.empty()) told += fmt::format(": {}", fmt::join(what, ", "));
    return escape_invisible(told);
}

}  // namespace

int scenario(const ScenarioCommand& command) {
    domain::EventRows rows;
    ScenarioOutput output{
        [&](std::string_view event) {
            if (command.form == ScenarioCommand::Form::json) return print_line(event);
            const Json read = parse_json(event).value();
            std::string type = read["type"].get<std::string>();
            type = type.substr(4, type.size() - 7);  // without "mis." and ".v1"
            std::string row = rows.row(type, read["data"], false);
            row.pop_back();
            print_line(row);
        },
        [](std::string_view remark) { report_error(remark); },
    };
    if (command.form == ScenarioCommand::Form::table)
        output.step_begins = [](std::size_t, const Timestamp& at) { print_line(at.to_string()); };
    output.party = command.party;
    const auto played = play_scenario(command.file, output);
    if (!played) return report_error(played.error());
    const bool aside = !played->rows.empty() || !played->messages.empty();
    std::string summary = fmt::format(
        "scenario: {}; {}", counted(played->rows, "row quarantined", "rows quarantined"),
        counted(played->messages, "message refused", "messages refused")
    );
    if (aside && played->expected) summary += " (expected)";
    if (!aside && played->expected)
        summary += "; the file says expect_quarantine: true, and none came";
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", summary.c_str());
    return aside == played->expected ? kDone : kFailed;
}

}  // namespace mis::gateway::cli
