// Waiting for many sockets at once, and for other threads.
//
// One thread watches and waits; interrupt() comes from any. A few dozen sockets: each wait looks at
// all of them.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <vector>

namespace mis::platform {

struct SocketReady {
    int socket;
    bool readable, writable, broken;
};

struct SocketWish {
    bool read = false, write = false;
};

class SocketWait {
  public:
    SocketWait();  // throws std::system_error when the system has no descriptors left
    SocketWait(const SocketWait&) = delete;
    SocketWait& operator=(const SocketWait&) = delete;
    ~SocketWait();

    void watch(int socket, SocketWish wish);  // in place of what was wished before
    void forget(int socket);                  // before it is closed

    // Returns when a socket is ready, after interrupt(), or when this much time is over. What it
    // gives is good until the next call.
    std::span<const SocketReady> wait(std::chrono::nanoseconds at_most);
    bool interrupted() const { return interrupted_; }
    void accept_interruption() { interrupted_ = false; }
    // The present or the next wait() ends at once, until the interruption is accepted.
    void interrupt();

  private:
    struct Places;
    std::unique_ptr<Places> places_;
    std::vector<SocketReady> ready_;
    std::atomic<bool> interrupted_ = false;
    std::atomic<bool> waiting_ = false;
    int wakeup_ = -1;
};

}  // namespace mis::platform
