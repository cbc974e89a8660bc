// What the operating system would let us do with a file or folder, asked before it matters, and as
// whom.
#pragma once

#include <filesystem>
#include <string>

namespace mis::platform {

// What keeps this process from writing into the folder; one that does not exist yet would be made
// in its nearest existing parent, which then counts. Empty: nothing. "Permission denied in /var"
std::string why_not_writable(const std::filesystem::path& folder);

// The mode of a file that others than its owner may read, "644"; empty: only the owner may, or
// there is no such file.
std::string open_to_others(const std::filesystem::path& file);

// Who runs this process: the login's name, "uid 1234" where it has none.
std::string user_name();

}  // namespace mis::platform
