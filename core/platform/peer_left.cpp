#include "platform/peer_left.hpp"

#include <poll.h>

namespace mis::platform {

bool has_peer_left(int socket) {
    pollfd asked{socket, POLLRDHUP, 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace mis::platform
