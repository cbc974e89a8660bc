#include "platform/private_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace mis::platform {

bool make_private_file(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return false;
    ::close(descriptor);
    return true;
}

std::filesystem::path make_private_file(
    const std::filesystem::path& folder, std::string_view prefix
) {
    std::string name = (folder / prefix).string() + "XXXXXX";
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0)
        throw std::system_error(
            errno, std::generic_category(), "making a private file in " + folder.string()
        );
    ::close(descriptor);
    return name;
}

}  // namespace mis::platform
