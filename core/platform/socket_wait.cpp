#include "platform/socket_wait.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace mis::platform {

struct SocketWait::Places {
    std::vector<pollfd> all;  // the first one wakes us

    auto find(int socket) {
        return std::find_if(all.begin() + 1, all.end(), [socket](const pollfd& place) {
            return place.fd == socket;
        });
    }
};

SocketWait::SocketWait()
    : places_(std::make_unique<Places>()), wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wakeup_ < 0) throw std::system_error(errno, std::generic_category(), "making an eventfd");
    places_->all.push_back({wakeup_, POLLIN, 0});
}

SocketWait::~SocketWait() { ::close(wakeup_); }

void SocketWait::watch(int socket, SocketWish wish) {
    const auto events = static_cast<short>((wish.read ? POLLIN : 0) | (wish.write ? POLLOUT : 0));
    const auto found = places_->find(socket);
    if (found != places_->all.end())
        found->events = events;
    else
        places_->all.push_back({socket, events, 0});
}

void SocketWait::forget(int socket) {
    const auto found = places_->find(socket);
    if (found == places_->all.end()) return;
    *found = places_->all.back();
    places_->all.pop_back();
}

std::span<const SocketReady> SocketWait::wait(std::chrono::nanoseconds at_most) {
    ready_.clear();
    waiting_ = true;  // before the look: an interruption is seen here, or written there
    if (interrupted_) at_most = std::chrono::nanoseconds(0);
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const timespec limit{
        static_cast<time_t>(whole.count()), static_cast<long>((at_most - whole).count())};
    auto& all = places_->all;
    const int count = ::ppoll(all.data(), all.size(), &limit, nullptr);
    waiting_ = false;
    if (count <= 0) return ready_;  // the time is over, or a signal came
    if (all.front().revents != 0) {
        std::uint64_t raised = 0;
        static_cast<void>(::read(wakeup_, &raised, sizeof raised));
    }
    for (std::size_t i = 1; i < all.size(); ++i) {
        const short found = all[i].revents;
        if (found == 0) continue;
        ready_.push_back(
            {all[i].fd, (found & (POLLIN | POLLHUP)) != 0, (found & POLLOUT) != 0,
             (found & (POLLERR | POLLNVAL)) != 0}
        );
    }
    return ready_;
}

void SocketWait::interrupt() {
    if (interrupted_.exchange(true) || !waiting_) return;
    const std::uint64_t one = 1;
    static_cast<void>(::write(wakeup_, &one, sizeof one));
}

}  // namespace mis::platform
