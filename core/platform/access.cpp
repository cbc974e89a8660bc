#include "platform/access.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace mis::platform {

std::string why_not_writable(const std::filesystem::path& folder) {
    auto there = std::filesystem::absolute(folder);
    std::error_code ignored;  // a parent that may not be looked into is refused by access() below
    while (!std::filesystem::exists(there, ignored) && there.has_relative_path())
        there = there.parent_path();
    if (std::filesystem::exists(there, ignored) && !std::filesystem::is_directory(there, ignored))
        return there.string() + " is a file, no folder";
    if (::access(there.c_str(), W_OK | X_OK) == 0) return "";
    return std::generic_category().message(errno) + " in " + there.string();
}

std::string open_to_others(const std::filesystem::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || (status.st_mode & (S_IRGRP | S_IROTH)) == 0)
        return "";
    char mode[8];
    std::snprintf(mode, sizeof mode, "%03o", static_cast<unsigned>(status.st_mode & 0777));
    return mode;
}

std::string user_name() {
    const auto* user = ::getpwuid(::getuid());
    return user != nullptr ? user->pw_name : "uid " + std::to_string(::getuid());
}

}  // namespace mis::platform
