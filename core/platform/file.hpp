// Files that must survive: created 0600 (X4), written whole and fsynced before they
// count.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace mis::platform {

// Throws std::system_error naming the path.
std::string read_file(const std::filesystem::path& path);
// Temporary file beside it, fsync, rename, fsync of the folder; mode 0600.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);
void sync_file(const std::filesystem::path& path);  // what was written to it is on disk
void rename_durably(
    const std::filesystem::path& from, const std::filesystem::path& to
);                                                               // rename, fsync of the folder
void make_private_directory(const std::filesystem::path& path);  // with parents; mode 0700

// The folder with connectors/, schemas/, config/: beside the binary in a source tree (binary in
// build/), else share/mis-gateway of the installation prefix; the environment variable
// MIS_GATEWAY_SHARE overrides. Throws std::runtime_error naming the places tried.
std::filesystem::path share_directory();

}  // namespace mis::platform
