// AppendedFile: a log of lines that only grows. What append() said true to is on the disk, in a
// file of mode 0600 whose name is on the disk, too.
//
// Owned by one sink, used from its thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace mis::platform {

class AppendedFile {
  public:
    AppendedFile() = default;
    AppendedFile(const AppendedFile&) = delete;
    AppendedFile& operator=(const AppendedFile&) = delete;
    ~AppendedFile();

    // Goes on at the end of this file, made where there is none; the former one is closed, and
    // stays open when this fails: false, errno says why.
    bool open(const std::filesystem::path& path);
    // Cuts the file off after so many bytes. False: errno says why.
    bool cut(std::uint64_t bytes);
    // All of it, on the disk; else false, errno says why, and the file is as before.
    bool append(std::string_view text);
    std::uint64_t bytes() const { return bytes_; }

  private:
    int descriptor_ = -1;
    std::uint64_t bytes_ = 0;
};

}  // namespace mis::platform
