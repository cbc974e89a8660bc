#include "platform/file_state.hpp"

#include <sys/stat.h>

namespace mis::platform {
namespace {

std::int64_t microseconds(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000;
}

}  // namespace

std::optional<FileState> state_of_file(const std::filesystem::path& path) {
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0 || !S_ISREG(state.st_mode)) return std::nullopt;
    return FileState{
        static_cast<std::uint64_t>(state.st_size), state.st_ino, microseconds(state.st_mtim),
        microseconds(state.st_ctim)};
}

}  // namespace mis::platform
