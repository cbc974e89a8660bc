#include "record/finding.hpp"

#include <charconv>

namespace mis::record {

namespace {

constexpr std::string_view kEndings[] = {".yaml", ".sql", ".csv", ".jsonl", ".json", ".md"};

// "NAME.sql", "NAME.sql:12" or "NAME.sql: line 12" in front of ": " is taken off.
bool take_place(std::string& what, std::string& file, int& line) {
    const std::size_t colon = what.find(':');
    if (colon == std::string::npos) return false;
    const std::string_view name = std::string_view(what).substr(0, colon);
    bool is_file = name.find(' ') == std::string_view::npos;
    if (is_file) {
        is_file = false;
        for (const auto ending : kEndings) is_file = is_file || name.ends_with(ending);
    }
    if (!is_file) return false;
    std::size_t rest = colon + 1;
    const std::size_t digits =
        std::string_view(what).substr(rest).starts_with(" line ") ? rest + 6 : rest;
    int number = 0;
    const auto [end, error] =
        std::from_chars(what.data() + digits, what.data() + what.size(), number);
    if (error == std::errc() && *end == ':') {
        line = number;
        rest = static_cast<std::size_t>(end - what.data()) + 1;
    }
    file = std::string(name);
    what.erase(0, what.find_first_not_of(' ', rest));
    return true;
}

}  // namespace

std::string Finding::place() const { return line > 0 ? file + ":" + std::to_string(line) : file; }

Findings::Findings(const std::filesystem::path& folder) : prefix_(folder.string()) {
    if (!prefix_.ends_with('/')) prefix_ += '/';
}

void Findings::add(std::string file, int line, std::string what, std::string remedy) {
    for (std::size_t at = what.find(prefix_); at != std::string::npos; at = what.find(prefix_))
        what.erase(at, prefix_.size());
    while (take_place(what, file, line)) {
    }
    findings_.push_back({std::move(file), line, std::move(what), std::move(remedy)});
}

}  // namespace mis::record
