#include "platform/service.hpp"

#include <signal.h>
#include <systemd/sd-daemon.h>
#include <time.h>

namespace mis::platform {
namespace {

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
    return set;
}

}  // namespace

void notify_ready() { sd_notify(0, "READY=1"); }
void notify_watchdog() { sd_notify(0, "WATCHDOG=1"); }
void notify_stopping() { sd_notify(0, "STOPPING=1"); }
void notify_still_starting() { sd_notify(0, "EXTEND_TIMEOUT_USEC=120000000"); }

void block_signals() {
    const sigset_t set = watched_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

Signal wait_for_signal(std::chrono::milliseconds at_most) {
    const sigset_t set = watched_signals();
    const timespec wait{at_most.count() / 1000, at_most.count() % 1000 * 1'000'000};
    switch (sigtimedwait(&set, nullptr, &wait)) {
        case SIGHUP:
            return Signal::reload;
        case SIGTERM:
        case SIGINT:
            return Signal::stop;
        default:
            return Signal::none;
    }
}

}  // namespace mis::platform
