// A folder of its own for one test, removed afterwards.
#pragma once

#include <filesystem>
#include <string>

#include "base/crypto.hpp"

namespace mis::test {

struct TemporaryFolder {
    std::filesystem::path path;
    TemporaryFolder() {
        const Digest name = sha256(random_bytes(16));
        path = std::filesystem::temp_directory_path() /
               ("mis-gateway-test-" + to_hex(std::span(name).first(8)));
        std::filesystem::create_directory(path);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

}  // namespace mis::test
