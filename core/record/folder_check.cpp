#include "record/folder_check.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "platform/file.hpp"
#include "record/code_check.hpp"
#include "source/stream_files.hpp"

namespace mis::record {

namespace fs = std::filesystem;

namespace {

void look_for_strangers(const source::Connector& connector, Findings& findings) {
    const auto is_stream = [&](const std::string& name) {
        return std::any_of(
            connector.streams.begin(), connector.streams.end(),
            [&](const auto& stream) { return stream.name == name; }
        );
    };
    for (const auto& entry : fs::directory_iterator(connector.folder)) {
        std::string file = entry.path().filename().string();
        if (!file.ends_with(".sql")) continue;
        const auto stream =
            std::find_if(connector.streams.begin(), connector.streams.end(), [&](const auto& one) {
                return one.name == file.substr(0, file.find('.'));
            });
        if (stream == connector.streams.end())
            findings.add(
                file, "belongs to no stream of connector.yaml",
                "declare the stream, or remove the file"
            );
        else if (!source::is_file_of(*stream, file))
            findings.add(
                file, "is read by nobody: stream " + stream->name + " as it is declared needs none",
                file.find(".deletes.") != std::string::npos
                    ? "declare `deletes` for the stream, or remove the file"
                    : "rename or remove it"
            );
    }
    const auto look_at_cases = [&](const fs::path& folder, const std::string& prefix) {
        if (!fs::is_directory(folder / "cases")) return;
        for (const auto& entry : fs::directory_iterator(folder / "cases")) {
            const std::string name = entry.path().filename().string();
            if (entry.is_directory() && !is_stream(name))
                findings.add(
                    prefix + "cases/" + name, "belongs to no stream of connector.yaml",
                    "rename or remove it"
                );
        }
    };
    look_at_cases(connector.folder, "");
    if (const auto& overlay = connector.overlay.folder; !overlay.empty())
        look_at_cases(overlay, overlay.string() + "/");
}

void check_readme(const source::Connector& connector, Findings& findings) {
    if (!fs::exists(connector.folder / "README.md"))
        return findings.add(
            "README.md", "is missing", "write it; connectors/_template/README.md has the sections"
        );
    std::map<std::string, std::vector<std::string>> sections;  // heading in lower case → lines
    std::string heading;
    const std::string text = platform::read_file(connector.folder / "README.md");
    for (const std::string_view line : split(text, '\n')) {
        if (line.starts_with("## "))
            heading = to_lower(trim(line.substr(3)));
        else if (!heading.empty() && !trim(line).empty())
            sections[heading].emplace_back(trim(line));
    }
    const auto section = [&](std::string_view word) -> const std::vector<std::string>* {
        for (const auto& [name, lines] : sections)
            if (name.find(word) != std::string::npos) return &lines;
        return nullptr;
    };
    for (const std::string_view word : {"rights", "versions", "streams", "traps", "confidence"})
        if (!section(word))
            findings.add(
                "README.md", "has no section \"" + std::string(word) + "\" with content",
                "add a heading ## with that word; connectors/_template/README.md shows what "
                "stands there"
            );
    const auto* lines = section("streams");
    if (!lines) return;
    std::map<std::string, std::string> listed;  // `stream` → kind
    for (const std::string& line : *lines) {
        const auto cells = split(line, '|');
        if (cells.size() < 4) continue;
        const std::string_view name = trim(cells[1]);
        if (name.size() > 2 && name.front() == '`' && name.back() == '`')
            listed.emplace(name.substr(1, name.size() - 2), trim(cells[2]));
    }
    for (const auto& stream : connector.streams) {
        if (stream.own.stream) continue;  // a site's own
        const auto row = listed.find(stream.name);
        if (row == listed.end())
            findings.add(
                "README.md", "the table of streams lacks `" + stream.name + "`",
                "add a row | `" + stream.name + "` | " + stream.kind + " | … |"
            );
        else if (row->second != stream.kind)
            findings.add(
                "README.md",
                "the table of streams gives `" + stream.name + "` the kind " + row->second,
                "its kind is " + stream.kind
            );
        if (row != listed.end()) listed.erase(row);
    }
    for (const auto& [name, kind] : listed)
        findings.add(
            "README.md", "the table of streams names `" + name + "`, which connector.yaml has not",
            "take the row out"
        );
}

// `prefix`: how the folder is called in findings.
void check_all(const fs::path& folder, const std::string& prefix, Findings& findings) {
    std::vector<fs::path> files;
    for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::end(entry); ++entry) {
        // what `discover` wrote there to begin with is read by nobody
        if (!prefix.empty() && entry->is_directory() && entry->path().filename() == "draft")
            entry.disable_recursion_pending();
        else if (entry->is_regular_file())
            files.push_back(entry->path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
        const std::string name = prefix + fs::relative(file, folder).string();
        const std::string text = platform::read_file(file);
        int number = 0;
        for (const std::string_view line : split(text, '\n')) {
            ++number;
            if (!is_valid_utf8(line)) {
                findings.add(
                    name, number, "is not UTF-8",
                    "save it as UTF-8, such as with iconv -f cp1251 -t utf-8"
                );
                break;
            }
            if (line.find(kFillMeIn) == std::string_view::npos) continue;
            findings.add(
                name, number, "still says \"fill me in\"",
                "write what this MIS has there; delete the line when done"
            );
            break;
        }
    }
}

}  // namespace

void check_texts(const fs::path& folder, Findings& findings) { check_all(folder, "", findings); }

void check_overlay_texts(const fs::path& overlay, Findings& findings) {
    check_all(overlay, overlay.string() + "/", findings);
}

void check_folder(const source::Connector& connector, Findings& findings) {
    look_for_strangers(connector, findings);
    check_codes(connector, findings);
    check_readme(connector, findings);
}

}  // namespace mis::record
