// Whether the other side of a connected socket has closed its end; what it sent before may still be
// unread. Asks the kernel, waits for nothing.
#pragma once

namespace mis::platform {

bool has_peer_left(int socket);

}  // namespace mis::platform
