// A new file that nobody else can open: mode 0600, in `folder`, under a name that none had, which
// begins with `prefix`. Throws std::system_error naming the folder.
#pragma once

#include <filesystem>
#include <string_view>

namespace mis::platform {

std::filesystem::path make_private_file(
    const std::filesystem::path& folder, std::string_view prefix
);

}  // namespace mis::platform
