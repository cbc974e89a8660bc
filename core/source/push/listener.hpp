// Listener: the sockets and the one keeping thread of an intake. What waits to be kept is bounded;
// a message that was not kept before the end was not answered either, and comes again.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "config/connection_config.hpp"
#include "source/push/desk.hpp"

namespace mis::source::push {

class Listener final : public Intake {
  public:
    // Throws std::runtime_error as net::HttpServer does.
    Listener(net::HttpServer::Options options, std::unique_ptr<Desk> desk, int silent_minutes_max);
    ~Listener() override;

    IntakeFigures figures() override;
    std::uint16_t port() const { return server_->port(); }

  private:
    void enqueue(net::ServerRequest request, net::Responder respond);
    void keep();

    struct Waiting {
        net::ServerRequest request;
        net::Responder respond;
    };
    const std::string address_;
    const int silent_minutes_max_;
    const std::unique_ptr<Desk> desk_;
    std::mutex mutex_;
    std::condition_variable more_;
    std::deque<Waiting> waiting_;              // guarded by mutex_
    bool stopping_ = false;                    // guarded by mutex_
    std::unique_ptr<net::HttpServer> server_;  // its thread uses all above
    std::thread keeping_;
};

// What the listener asks of the network, as the configuration says it.
net::HttpServer::Options server_options(const config::PushConfig& config);

IntakeOpener intake_opener(config::PushConfig config, std::string secret);
Opener opener(config::PushConfig config, std::string secret);

}  // namespace mis::source::push
