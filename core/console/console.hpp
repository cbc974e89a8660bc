// The console: an HTTP server for the people of the clinic, pages at /console/, an API below
// /console/api/v1 (schemas/console.openapi.yaml).
//
// Three threads of its own. The server's takes requests in, turns away what is not ours and hands
// out the page; one reads, over a read-only connection; one does what changes something, in the
// writer's transaction (Desk::write). So a slow question stalls neither health nor delivery nor a
// decision. At most so many requests wait; more are told to come again. Nothing is logged of who
// asks what; what counts stands in the audit.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "console/assets.hpp"
#include "console/desk.hpp"
#include "console/gate.hpp"
#include "console/sessions.hpp"
#include "net/http_server.hpp"

namespace mis::console {

struct ConsoleOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::filesystem::path certificate_file, key_file;  // both, or none
    std::vector<std::string> hosts;
    std::filesystem::path assets;  // empty: the built-in ones
};

class Console {
  public:
    // Throws std::runtime_error naming address, port or certificate when it cannot listen.
    Console(Desk& desk, ConsoleOptions options, const Clock& clock);
    ~Console();  // what waits is answered 503
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;
    std::uint16_t port() const { return server_->port(); }
    bool tls() const { return tls_; }

  private:
    struct Question {
        net::ServerRequest request;
        net::Responder respond;
        std::string number;
    };
    class Hand {  // a thread with a queue
      public:
        Hand(Console& console, std::string name);
        ~Hand();
        bool take(Question question);  // false: too many wait

      private:
        void work();
        Console& console_;
        const std::string name_;
        std::mutex mutex_;
        std::condition_variable asked_;
        std::deque<Question> waiting_;  // guarded by mutex_
        bool stopping_ = false;         // guarded by mutex_
        std::thread thread_;
    };
    void take(net::ServerRequest request, net::Responder respond);
    net::ServerAnswer answer(sqlite::Database& database, const Question& question);
    std::string next_number();
    net::ServerAnswer dressed(net::ServerAnswer answer, const std::string& number) const;
    net::ServerAnswer problem(
        ProblemName name, const net::ServerRequest& request, const std::string& number,
        std::int64_t retry_seconds = 0
    ) const;

    Desk& desk_;
    const Clock& clock_;
    const bool tls_;
    const Assets assets_;
    Sessions sessions_;
    const std::string number_prefix_;
    std::uint64_t numbers_ = 0;  // of the server's thread, as the rates
    std::mutex gate_mutex_;
    std::unique_ptr<Gate> gate_;  // made once the port is known; guarded until then
    Rates requests_, searches_;
    std::unique_ptr<Hand> reading_, changing_;
    std::unique_ptr<net::HttpServer> server_;  // its thread uses all above
};

}  // namespace mis::console
