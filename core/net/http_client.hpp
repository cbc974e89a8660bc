// HTTP client: many requests at once on one thread (libcurl's multi interface), its own or its
// owner's.
//
// Thread-safe: send() from any thread. The completion runs on the client's thread: hand the outcome
// to a queue and return; a slow completion delays every other request. Every completion is called
// exactly once, with `cancelled` when the client is destroyed. HTTP/1.1 and https with verification
// always on; redirects are never followed (a signed body goes where the operator said); no "Expect:
// 100-continue". Memory: about 40 KB per concurrent request, idle connections bounded by Options.
// Who has a thread anyway drives the client with it (Drive::owner): a request then costs no change
// of threads, which is a third of its time on a fast network.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "net/http_message.hpp"

namespace mis::net {

struct ClientTls {  // empty members: the system's certificate authorities, no client certificate
    std::string authority_file;    // PEM; replaces the system's
    std::string certificate_file;  // PEM, the client's own, with key_file
    std::string key_file;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;  // http:// or https://
    Headers headers;
    std::string body;  // sent as it is: whoever compresses says so in headers
    ClientTls tls;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds total_timeout{
        30'000};  // from send() to the last byte, waiting for a free connection included
    std::size_t response_bytes_max = 1 << 20;  // a longer body fails: malformed
};

struct HttpResponse {
    int status = 0;  // 100..599: any status is a response, not a failure
    Headers headers;
    std::string body;
};

enum class Fate {
    not_sent,  // the other side cannot have seen the request: name, connection or TLS failed
    unknown,   // bytes of it were written, no whole answer came: it may have been carried out
};

struct HttpFailure {
    Fate fate;
    Error error;  // unavailable | misconfigured (URL, certificate files) | malformed (answer) |
                  // cancelled; names host, never the path
};

using HttpOutcome = tl::expected<HttpResponse, HttpFailure>;

class HttpClient {
  public:
    struct Options {
        int connections_max = 64;       // at once; further requests wait their turn
        int idle_connections_max = 16;  // kept open for reuse
    };
    using Completion = std::function<void(HttpOutcome)>;
    enum class Drive {
        own_thread,
        owner,  // nothing moves but inside work()
    };

    HttpClient() : HttpClient(Options()) {}
    explicit HttpClient(Options options, Drive drive = Drive::own_thread);
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();  // cancels what is under way

    void send(HttpRequest request, Completion completion);
    HttpOutcome send_and_wait(HttpRequest request);  // never from a completion

    // Drive::owner only, one thread at a time: sends, receives, completes. Returns as soon as
    // something was completed, after interrupt(), or when this much time is over.
    void work(std::chrono::nanoseconds at_most);
    void interrupt();  // from any thread
    Drive drive() const { return drive_; }

  private:
    struct Engine;
    Drive drive_;
    std::unique_ptr<Engine> engine_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;  // own_thread only
};

}  // namespace mis::net
