// Sockets of this process that libraries have opened for themselves: to cut a connection whose
// library offers no way to.
#pragma once

#include <set>

namespace mis::platform {

std::set<int> connected_sockets();  // of TCP
// Both directions; whoever waits on it wakes with an error. A number that is no socket: nothing.
void cut_socket(int socket);

}  // namespace mis::platform
