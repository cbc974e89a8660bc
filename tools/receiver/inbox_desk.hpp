// InboxDesk: the exchange's end of the inbox by long poll (schemas/README.md section 4), and the
// local door by which its messages are placed.
//
//   GET /inbox?cursor&limit&wait   the clinic's gateway asks; held until there is a message, or the
//                                  wait is over
//   POST /inbox                    and answers them
//   POST /messages                 a message or a list of them is placed: {"positions":[…]}
//   GET /messages                  each with its answer
//
// All four want the bearer token. take() comes from the server's thread and holds the caller's
// mutex, as does the thread of its own that ends waits.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "exchange.hpp"
#include "net/http_server.hpp"

namespace mis::receiver {

class InboxDesk {
  public:
    // All outlive the desk. `mutex` guards `exchange`.
    InboxDesk(Exchange& exchange, std::mutex& mutex, std::string token);
    ~InboxDesk();
    InboxDesk(const InboxDesk&) = delete;
    InboxDesk& operator=(const InboxDesk&) = delete;

    static bool is_mine(const net::ServerRequest& request);
    // The caller holds the mutex.
    void take(const net::ServerRequest& request, const net::Responder& respond);

    struct Counts {
        std::uint64_t polls = 0, unauthorized = 0, placed = 0, answers = 0, unknown_cursors = 0;
    };
    Counts counts() const { return counts_; }  // the caller holds the mutex

  private:
    using Instant = std::chrono::steady_clock::time_point;
    struct Poll {
        net::Responder respond;
        std::uint64_t after = 0, count_max = 1;
        Instant until;
    };
    void poll(const net::ServerRequest& request, const net::Responder& respond);
    net::ServerAnswer take_answers(const std::string& body);
    net::ServerAnswer place(const std::string& body);
    bool answer_if_any(const Poll& poll);  // false: no message is there
    void end_waits();

    Exchange& exchange_;
    std::mutex& mutex_;
    const std::string token_;
    Counts counts_;
    std::list<Poll> waiting_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread ending_waits_;
};

}  // namespace mis::receiver
