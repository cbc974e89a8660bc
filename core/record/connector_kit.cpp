#include "record/connector_kit.hpp"

#include <algorithm>

#include "platform/file.hpp"
#include "source/connector.hpp"

namespace mis::record {

namespace fs = std::filesystem;

namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

}  // namespace

std::vector<ListedConnector> connector_list(const fs::path& connectors) {
    std::vector<ListedConnector> listed;
    if (!fs::is_directory(connectors)) return listed;
    for (const auto& entry : fs::directory_iterator(connectors)) {
        const std::string name = entry.path().filename().string();
        if (!entry.is_directory() || name.starts_with('_') || name.starts_with('.')) continue;
        if (!fs::exists(entry.path() / "connector.yaml")) continue;
        ListedConnector connector{name, {}, {}, entry.path(), {}, {}};
        if (const auto loaded = source::load_connector(entry.path())) {
            connector.title = loaded->title;
            connector.dialect = loaded->dialect;
            for (const auto& stream : loaded->streams) connector.streams.push_back(stream.name);
        } else {
            connector.problem = loaded.error().text;
        }
        listed.push_back(std::move(connector));
    }
    std::sort(listed.begin(), listed.end(), [](const auto& a, const auto& b) {
        return a.name < b.name;
    });
    return listed;
}

Result<void> connector_new(
    const fs::path& connectors, const std::string& name, const fs::path& target
) {
    const bool word =
        !name.empty() && name.size() <= 40 && name[0] >= 'a' && name[0] <= 'z' &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (!word)
        return fail(
            ErrorKind::misconfigured,
            "connector name '" + name +
                "': use lower-case letters, digits and _, beginning with a letter"
        );
    const fs::path from = connectors / "_template";
    if (!fs::is_directory(from))
        return fail(
            ErrorKind::misconfigured,
            from.string() + ": the template is missing; reinstall, or set MIS_GATEWAY_SHARE"
        );
    if (fs::exists(target))
        return fail(
            ErrorKind::misconfigured, target.string() + ": exists already; name another folder"
        );
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
        const fs::path to = target / fs::relative(entry.path(), from);
        if (entry.is_directory()) {
            fs::create_directories(to);
            continue;
        }
        fs::create_directories(to.parent_path());
        std::string text = platform::read_file(entry.path());
        replace_all(text, "_template", name);
        platform::write_file_atomically(to, text);
        fs::permissions(
            to, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                    fs::perms::others_read
        );  // no secret in it
    }
    return {};
}

}  // namespace mis::record
