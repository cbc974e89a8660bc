// Files that people name, and standard output: what is there and is no file stays what it is.
#pragma once

#include <filesystem>
#include <string_view>

namespace mis::platform {

// Temporary file beside it, fsync, rename, fsync of the folder; mode 0600. What `path` names is
// replaced only when it is a regular file or nothing, and no other file beside it is touched.
// Throws std::system_error, also for what it must not replace.
void replace_regular_file(const std::filesystem::path& path, std::string_view bytes);

// All of it, past the buffers of <cstdio>. Throws std::system_error.
void write_standard_output(std::string_view bytes);

}  // namespace mis::platform
