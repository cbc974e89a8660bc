// What the file system says of a file, to see whether it is still the one of before.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace mis::platform {

struct FileState {
    std::uint64_t bytes = 0, inode = 0;
    std::int64_t modified_us = 0;  // as its writer may set it, since 1970
    std::int64_t changed_us = 0;   // contents, name or rights; nobody can set it
    friend bool operator==(const FileState&, const FileState&) = default;
};

// nullopt: no regular file (behind links), or not to be seen by us.
std::optional<FileState> state_of_file(const std::filesystem::path& path);

}  // namespace mis::platform
