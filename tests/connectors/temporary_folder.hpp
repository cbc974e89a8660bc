// A folder of its own for one test, gone afterwards.
#pragma once

#include <filesystem>
#include <string>

#include "base/crypto.hpp"

class TemporaryFolder {
  public:
    TemporaryFolder()
        : path_(
              std::filesystem::temp_directory_path() /
              ("connectors-" + mis::to_hex(mis::sha256(mis::random_bytes(16))).substr(0, 16))
          ) {
        std::filesystem::create_directories(path_);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};
