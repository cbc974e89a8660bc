#include "platform/appended_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace mis::platform {

AppendedFile::~AppendedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool AppendedFile::open(const std::filesystem::path& path) {
    const int opened = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (opened < 0) return false;
    struct stat found = {};
    ::fstat(opened, &found);
    if (const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        folder >= 0) {
        ::fsync(folder);  // the new name itself
        ::close(folder);
    }
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = opened;
    bytes_ = static_cast<std::uint64_t>(found.st_size);
    return true;
}

bool AppendedFile::cut(std::uint64_t bytes) {
    if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) return false;
    bytes_ = bytes;
    return true;
}

bool AppendedFile::append(std::string_view text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const auto count = ::write(descriptor_, text.data() + done, text.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) break;
        done += static_cast<std::size_t>(count);
    }
    if (done == text.size() && ::fsync(descriptor_) == 0) {
        bytes_ += text.size();
        return true;
    }
    const int cause = errno;
    static_cast<void>(!::ftruncate(descriptor_, static_cast<off_t>(bytes_)));
    errno = cause;
    return false;
}

}  // namespace mis::platform
