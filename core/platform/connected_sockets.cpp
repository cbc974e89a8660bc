#include "platform/connected_sockets.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>

namespace mis::platform {

std::set<int> connected_sockets() {
    std::set<int> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
        const std::string name = entry.path().filename().string();
        int socket = -1;
        std::from_chars(name.data(), name.data() + name.size(), socket);
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        if (socket >= 0 && getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) == 0 &&
            (peer.ss_family == AF_INET || peer.ss_family == AF_INET6))
            found.insert(socket);
    }
    return found;
}

void cut_socket(int socket) {
    if (socket >= 0) shutdown(socket, SHUT_RDWR);
}

}  // namespace mis::platform
