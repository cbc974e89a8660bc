#include "gateway/cli/usage.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "config/setting_check.hpp"

namespace mis::gateway::cli {
namespace {

std::string meant(const std::string& word, const std::vector<std::string>& known) {
    const std::string near = config::nearest(word, known);
    return near.empty() ? "" : ": did you mean " + near + "?";
}

std::vector<std::string> options_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

std::vector<std::string> commands_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    return names;
}

}  // namespace

std::string usage_problem(
    const CLI::App& app, const std::vector<std::string>& words, const std::string& said
) {
    const CLI::App* at = &app;
    std::string path;  // "hold release"
    auto word = words.begin();
    for (; word != words.end(); ++word) {
        const auto commands = commands_of(*at);
        if (std::find(commands.begin(), commands.end(), *word) == commands.end()) break;
        at = at->get_subcommand(*word);
        path += (path.empty() ? "" : " ") + *word;
    }
    const std::string help =
        " (see `" + app.get_name() + (path.empty() ? "" : " ") + path + " --help`)";
    if (const auto commands = commands_of(*at); !commands.empty()) {
        std::string list;
        for (const auto& name : commands) list += " " + name;
        if (word == words.end())
            return path + (path.empty() ? "" : ": ") + "name what to do:" + list + help;
        if (!word->starts_with('-'))
            return "no command '" + *word + "'" + meant(*word, commands) + "; there are:" + list +
                   help;
    }
    const auto options = options_of(*at);
    for (; word != words.end(); ++word) {
        const std::string name = word->substr(0, word->find('='));
        if (name.size() > 2 && name.starts_with("--") &&
            std::find(options.begin(), options.end(), name) == options.end())
            return path + " has no option " + name + meant(name, options) + help;
    }
    return path + (path.empty() ? "" : ": ") + said + help;
}

}  // namespace mis::gateway::cli
