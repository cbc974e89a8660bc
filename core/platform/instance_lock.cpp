#include "platform/instance_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace mis::platform {

std::optional<InstanceLock> InstanceLock::try_take(const std::filesystem::path& file) {
    return try_lock(O_RDWR | O_CREAT, file);
}

std::optional<InstanceLock> InstanceLock::try_take_folder(const std::filesystem::path& folder) {
    return try_lock(O_RDONLY | O_DIRECTORY, folder);
}

std::optional<InstanceLock> InstanceLock::try_lock(int flags, const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (descriptor < 0)
        throw std::system_error(
            errno, std::generic_category(), "opening the lock " + path.string()
        );
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return InstanceLock(descriptor);
    const int why = errno;
    ::close(descriptor);
    if (why == EWOULDBLOCK) return std::nullopt;
    throw std::system_error(why, std::generic_category(), "locking " + path.string());
}

InstanceLock::InstanceLock(InstanceLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}
InstanceLock& InstanceLock::operator=(InstanceLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}
InstanceLock::~InstanceLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace mis::platform
