// The console beside the daemon, where the configuration has one.
#pragma once

#include <memory>

#include "gateway/cli/session.hpp"

namespace mis::gateway::cli {

class ConsoleRoom {
  public:
    // Throws std::runtime_error naming the setting when it cannot listen.
    ConsoleRoom(Session& session, Daemon& daemon);
    ~ConsoleRoom();
    void note();  // from the main loop, every turn

  private:
    struct Rooms;
    std::unique_ptr<Rooms> rooms_;
};

// Null: none is configured.
std::unique_ptr<ConsoleRoom> open_console(Session& session, Daemon& daemon);

}  // namespace mis::gateway::cli
