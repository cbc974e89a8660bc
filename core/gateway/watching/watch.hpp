// Watch: the operator's HTTP port: /livez /readyz /healthz /metrics. Loopback by default; nothing
// personal is ever in an answer (I3).
//
// Answers come from a look taken at most a second ago, so that whoever asks often does not slow the
// store down.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "gateway/daemon.hpp"
#include "gateway/watching/figures.hpp"
#include "net/http_server.hpp"

namespace mis::gateway {

struct WatchSettings {
    std::string address;
    int port = 0;
    std::filesystem::path backup_folder;  // empty: backups are not watched
    int backup_age_hours_max = 48;
};

class Watch {
  public:
    // Throws std::runtime_error naming address and port when it cannot listen.
    Watch(Daemon& daemon, WatchSettings settings, const Clock& clock);
    std::uint16_t port() const { return server_.port(); }

  private:
    net::ServerAnswer answer(const net::ServerRequest& request);
    const Figures& figures();

    Daemon& daemon_;
    const WatchSettings settings_;
    const Clock& clock_;
    std::mutex mutex_;
    Figures figures_;                                     // guarded by mutex_
    std::chrono::nanoseconds taken_{-1'000'000'000'000};  // guarded by mutex_
    net::HttpServer server_;                              // last: its thread uses all above
};

}  // namespace mis::gateway
