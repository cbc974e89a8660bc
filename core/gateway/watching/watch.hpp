// Watch: the operator's HTTP port: /livez /readyz /healthz /metrics. Loopback by default; nothing
// personal is ever in an answer (I3).
//
// Answers come from a look taken at most a second ago, so that whoever asks often does not slow the
// store down. The look waits for the store, which another process may hold: it is taken on a thread
// of its own, and /livez, which a supervisor asks, waits for nobody.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

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
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    std::uint16_t port() const { return server_->port(); }

  private:
    struct Question {
        net::ServerRequest request;
        net::Responder respond;
    };
    void take(net::ServerRequest request, net::Responder respond);
    void answer_questions();
    net::ServerAnswer answer(const net::ServerRequest& request);
    const Figures& figures();

    Daemon& daemon_;
    const WatchSettings settings_;
    const Clock& clock_;
    Figures figures_;                                     // of the looking thread
    std::chrono::nanoseconds taken_{-1'000'000'000'000};  // the same
    std::mutex mutex_;
    std::condition_variable asked_;
    std::deque<Question> questions_;  // guarded by mutex_
    bool stopping_ = false;           // guarded by mutex_
    std::thread looking_;
    std::unique_ptr<net::HttpServer> server_;  // its thread uses all above
};

}  // namespace mis::gateway
