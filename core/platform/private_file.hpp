// Empty files that nobody else can open (mode 0600), for libraries that would make them readable
// for all.
#pragma once

#include <filesystem>
#include <string_view>

namespace mis::platform {

// False: there is one already, or it cannot be made; errno says why.
bool make_private_file(const std::filesystem::path& path);
// In `folder`, under a name that none had, which begins with `prefix`. Throws std::system_error
// naming the folder.
std::filesystem::path make_private_file(
    const std::filesystem::path& folder, std::string_view prefix
);

}  // namespace mis::platform
