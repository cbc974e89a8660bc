// Spool: bytes put aside once and read again from their beginning, few in memory, many in a file
// without a name (mode 0600, gone with the object and with the process). One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace mis::platform {

class Spool {
  public:
    // folder: where the file is made once there are more than memory_bytes_max; no such folder:
    // /var/tmp.
    explicit Spool(std::filesystem::path folder, std::size_t memory_bytes_max = 256 * 1024);
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    void append(std::string_view bytes);  // throws std::system_error naming the folder
    std::int64_t size() const { return size_; }
    void clear();  // as new

    void rewind() { read_ = 0; }
    // The next piece; empty: the end. Holds until the next call. Throws as append().
    std::string_view next();

  private:
    void open();

    const std::filesystem::path folder_;
    const std::size_t memory_bytes_max_;
    std::string memory_, buffer_;
    int file_ = -1;
    std::int64_t size_ = 0, read_ = 0;
};

}  // namespace mis::platform
