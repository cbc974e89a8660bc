#include "platform/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace mis::platform {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

[[noreturn]] void throw_of_spool(const char* doing, const std::filesystem::path& folder) {
    throw std::system_error(
        errno, std::generic_category(),
        std::string(doing) + " a temporary file in " + folder.string()
    );
}

}  // namespace

Spool::Spool(std::filesystem::path folder, std::size_t memory_bytes_max)
    : folder_(std::filesystem::is_directory(folder) ? std::move(folder) : "/var/tmp"),
      memory_bytes_max_(memory_bytes_max) {}

Spool::~Spool() { clear(); }

void Spool::clear() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    size_ = read_ = 0;
    memory_.clear();
}

void Spool::open() {
    file_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file_ >= 0) return;
    // not every file system can do that
    std::string name = (folder_ / "spool.XXXXXX").string();
    file_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file_ < 0) throw_of_spool("making", folder_);
    ::unlink(name.c_str());
}

void Spool::append(std::string_view bytes) {
    if (file_ < 0 && memory_.size() + bytes.size() <= memory_bytes_max_) {
        memory_ += bytes;
        size_ += static_cast<std::int64_t>(bytes.size());
        return;
    }
    if (file_ < 0) {
        open();
        std::string kept;
        kept.swap(memory_);
        size_ = 0;
        if (!kept.empty()) append(kept);
    }
    while (!bytes.empty()) {
        const auto count = ::pwrite(file_, bytes.data(), bytes.size(), size_);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_of_spool("writing", folder_);
        size_ += count;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

std::string_view Spool::next() {
    if (read_ >= size_) return {};
    if (file_ < 0) {
        read_ = size_;
        return memory_;
    }
    buffer_.resize(kPieceBytes);
    for (;;) {
        const auto count = ::pread(file_, buffer_.data(), buffer_.size(), read_);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_of_spool("reading", folder_);
        read_ += count;
        return std::string_view(buffer_).substr(0, static_cast<std::size_t>(count));
    }
}

}  // namespace mis::platform
