// What is wrong with a command line, said so that the next one is right.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mis::gateway::cli {

// A misspelt command or option with its nearest relative, a missing one with what there is; for
// everything else what the parser said. Always where to read on: "see `mis-gateway sync --help`".
// words: the line without the program's name.
std::string usage_problem(
    const CLI::App& app, const std::vector<std::string>& words, const std::string& said
);

}  // namespace mis::gateway::cli
