#include "platform/private_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace mis::platform {

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
