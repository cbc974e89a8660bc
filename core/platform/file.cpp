#include "platform/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "platform/replace_file.hpp"

namespace mis::platform {
namespace {

[[noreturn]] void throw_errno(const char* doing, const std::filesystem::path& path) {
    throw std::system_error(
        errno, std::generic_category(), std::string(doing) + " " + path.string()
    );
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

}  // namespace

std::string read_file(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) throw_errno("reading", path);
    std::string bytes;
    char buffer[65536];
    for (;;) {
        const auto count = ::read(file.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_errno("reading", path);
        if (count == 0) return bytes;
        bytes.append(buffer, static_cast<std::size_t>(count));
    }
}

namespace {

void write_all(int fd, std::string_view bytes, const std::filesystem::path& named) {
    while (!bytes.empty()) {
        const auto count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_errno("writing", named);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace

void replace_regular_file(const std::filesystem::path& path, std::string_view bytes) {
    struct stat there {};
    if (::lstat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
        errno = EEXIST;
        throw_errno("this is no regular file, not replacing", path);
    }
    std::string temporary = path.string() + ".XXXXXX";
    const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
    if (file.get() < 0) throw_errno("writing", temporary);
    try {
        write_all(file.get(), bytes, temporary);
        if (::fsync(file.get()) != 0) throw_errno("syncing", temporary);
        rename_durably(temporary, path);
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
}

void write_standard_output(std::string_view bytes) {
    write_all(STDOUT_FILENO, bytes, "standard output");
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
    const std::filesystem::path temporary = path.string() + ".new";
    {
        const Descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
        );
        if (file.get() < 0) throw_errno("writing", temporary);
        write_all(file.get(), bytes, temporary);
        if (::fsync(file.get()) != 0) throw_errno("syncing", temporary);
    }
    rename_durably(temporary, path);
}

void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) throw_errno("renaming to", to);
    const auto folder_path = to.has_parent_path() ? to.parent_path() : std::filesystem::path(".");
    const Descriptor folder(::open(folder_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || ::fsync(folder.get()) != 0) throw_errno("syncing", folder_path);
}

void sync_file(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0 || ::fsync(file.get()) != 0) throw_errno("syncing", path);
}

void make_private_directory(const std::filesystem::path& path) {
    if (path.empty() || std::filesystem::is_directory(path)) return;
    make_private_directory(path.parent_path());
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        throw_errno("creating the folder", path);
}

std::filesystem::path share_directory() {
    if (const char* named = std::getenv("MIS_GATEWAY_SHARE")) return named;
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    const auto in_tree = program.parent_path().parent_path();
    const auto installed = in_tree / "share" / "mis-gateway";
    for (auto folder = program.parent_path(); folder.has_relative_path();
         folder = folder.parent_path())
        if (std::filesystem::is_directory(folder / "connectors") &&
            std::filesystem::is_directory(folder / "schemas"))
            return folder;
    if (std::filesystem::is_directory(installed / "schemas")) return installed;
    throw std::runtime_error(
        "the folders connectors/ and schemas/ were not found above " +
        program.parent_path().string() + " nor in " + installed.string() +
        ": set MIS_GATEWAY_SHARE to the folder that holds them"
    );
}

}  // namespace mis::platform
