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
    // The same on a folder, whatever name leads to it; nothing is written into it.
    static std::optional<InstanceLock> try_take_folder(const std::filesystem::path& folder);
    InstanceLock(InstanceLock&& other) noexcept;
    InstanceLock& operator=(InstanceLock&& other) noexcept;
    ~InstanceLock();

  private:
    explicit InstanceLock(int descriptor) : descriptor_(descriptor) {}
    static std::optional<InstanceLock> try_lock(int flags, const std::filesystem::path& path);
    int descriptor_ = -1;
};

}  // namespace mis::platform
