// What the operating system's service supervisor wants to know, and the signals it sends.
#pragma once

#include <chrono>

namespace mis::platform {

// sd_notify: nothing happens where there is no supervisor.
void notify_ready();
void notify_watchdog();
void notify_stopping();
// Before it is ready: the start takes long on purpose; two minutes more from now on.
void notify_still_starting();

enum class Signal { none, stop, reload };

// Blocks SIGTERM, SIGINT and SIGHUP for this thread and all made later: call before any thread is
// started. SIGPIPE is ignored.
void block_signals();
// Waits for one of them, at most so long.
Signal wait_for_signal(std::chrono::milliseconds at_most);

}  // namespace mis::platform
