// A connection to a NATS server (libnats): publishing with answers, and questions.
//
// It connects once and is never mended: when it is lost, its owner makes another, and so decides
// itself what of that which was under way goes again. Answers come on libnats's threads, one at a
// time; destroying the connection waits for the one that is being handed over, and none comes
// afterwards. TLS verifies chain and name always.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mis::net {

struct NatsOptions {
    std::vector<std::string> servers;  // "tls://host:4222", "nats://host:4222"; tried in order
    std::string authority_file;        // PEM; empty: the system's
    std::string certificate_file, key_file;  // PEM of our own; both or none
    std::string user, password, token;
    std::string credentials_file;  // JWT and seed; read at each connect
    std::string name;              // under which the server's operator sees us
    std::chrono::milliseconds connect_timeout{5'000};
};

struct NatsAnswer {
    std::string
        tail;  // of the subject, behind what our answers are sent to; empty: it is another's
    std::string subject;  // whole
    std::string reply;    // where it is answered itself
    std::string body;
    std::string status;  // of the server's own: "503" nobody listens; empty: a message
    std::string status_text;
};

// What libnats's threads put in, and its owner's thread takes out.
class NatsMailbox {
  public:
    void put(NatsAnswer answer);
    void close();  // the connection was lost
    void wake();   // the present or the next wait() ends at once
    void begin();  // for another connection: nothing of the one before

    // Until there is something, the connection is lost, or somebody wakes us.
    void wait(std::chrono::nanoseconds at_most);
    struct Taken {
        std::vector<NatsAnswer> answers;  // in the order of their arrival
        bool is_closed = false;
    };
    Taken take();

  private:
    std::mutex mutex_;
    std::condition_variable rings_;
    std::vector<NatsAnswer> answers_;            // guarded by mutex_
    bool is_closed_ = false, is_woken_ = false;  // guarded by mutex_
};

class NatsConnection {
  public:
    // unavailable: no server; misconfigured: login, TLS, library, or a server without headers.
    // What is sent to us goes into the mailbox.
    static Result<std::unique_ptr<NatsConnection>> connect(
        const NatsOptions& options, const std::shared_ptr<NatsMailbox>& mailbox
    );
    ~NatsConnection();
    NatsConnection(const NatsConnection&) = delete;
    NatsConnection& operator=(const NatsConnection&) = delete;

    struct Publication {
        std::string_view subject;
        std::string_view reply_tail;  // empty: no answer is wanted
        std::string_view id;          // Nats-Msg-Id; empty: none
        std::string_view content_type;
        std::string_view body;
    };
    // Queued; the answer tells what became of it. rejected: longer than the server takes.
    Result<void> publish(const Publication& publication);
    // A question with its answer; blocks. unavailable: none in time, or nobody listens.
    Result<std::string> request(
        const std::string& subject, const std::string& body, std::chrono::milliseconds at_most
    );
    std::int64_t max_payload() const;
    bool is_closed() const;
    // What the server complained of lately: "Permissions Violation for Publish to …".
    std::string take_complaint();

  private:
    struct Native;
    struct Shared;
    explicit NatsConnection(std::unique_ptr<Native> native);
    std::unique_ptr<Native> native_;
    std::string reply_prefix_;  // answers are sent to this and a tail of one word
};

}  // namespace mis::net
