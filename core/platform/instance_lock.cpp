#include "platform/instance_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace mis::platform {

std::optional<InstanceLock> InstanceLock::try_take(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        throw std::system_error(
            errno, std::generic_category(), "opening the lock file " + file.string()
        );
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return InstanceLock(descriptor);
    const int why = errno;
    ::close(descriptor);
    if (why == EWOULDBLOCK) return std::nullopt;
    throw std::system_error(why, std::generic_category(), "locking " + file.string());
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
