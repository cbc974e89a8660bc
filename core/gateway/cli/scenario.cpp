#include "gateway/scenario/scenario.hpp"

#include "gateway/cli/print.hpp"

namespace mis::gateway::cli {

int scenario(const std::filesystem::path& file, const std::string& party) {
    ScenarioOutput output{
        [](std::string_view event) { print_line(event); },
        [](std::string_view remark) { report_error(remark); },
    };
    output.party = party;
    if (const auto played = play_scenario(file, output); !played)
        return report_error(played.error());
    return kDone;
}

}  // namespace mis::gateway::cli
