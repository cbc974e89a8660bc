// The text of a file that belongs to a connector or to a site's overlay.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace mis::source {

// Without a byte order mark; nullopt: there is no such file.
std::optional<std::string> declared_text(const std::filesystem::path& path);

}  // namespace mis::source
