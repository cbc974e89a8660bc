// One daemon per store: an advisory lock on a file, held as long as the object lives; gone with the
// process, also after kill -9.
#pragma once

#include <filesystem>
#include <optional>

namespace mis::platform {

class InstanceLock {
  public:
    // nullopt: another process holds it. Throws std::system_error when the file cannot be made.
    static std::optional<InstanceLock> try_take(const std::filesystem::path& file);
    InstanceLock(InstanceLock&& other) noexcept;
    InstanceLock& operator=(InstanceLock&& other) noexcept;
    ~InstanceLock();

  private:
    explicit InstanceLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

}  // namespace mis::platform
