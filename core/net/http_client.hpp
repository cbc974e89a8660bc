// HTTP client: many requests at once on its owner's thread (libcurl's multi interface).
//
// One thread sends and drives it, and nothing moves but inside work(): a request costs no change of
// threads, which is a third of its time on a fast network. interrupt() alone comes from any thread.
// Completions run inside work(); a slow one delays every other request. Each is called exactly
// once, with `cancelled` when the client is destroyed. HTTP/1.1 and https with verification always
// on; redirects are never followed (a signed body goes where the operator said); no "Expect:
// 100-continue". Environment variables divert nothing: a proxy is what the request names, and none
// is asked for this machine (localhost, 127.0.0.0/8, ::1). Memory: about 40 KB per concurrent
// request, idle connections bounded by Options.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/certificate_fault.hpp"
#include "net/http_message.hpp"

namespace mis::net {

struct ClientTls {  // empty members: the system's certificate authorities, no client certificate
    std::string authority_file;    // PEM; replaces the system's
    std::string certificate_file;  // PEM, the client's own, with key_file
    std::string key_file;
};

struct ClientProxy {    // no url: none
    std::string url;    // http://, https:// or socks5h://; https goes through it end to end
    std::string login;  // "user:password"; empty: it wants none
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;  // http:// or https://
    Headers headers;
    std::string body;  // sent as it is: whoever compresses says so in headers
    ClientTls tls;
    ClientProxy proxy;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds total_timeout{
        30'000};  // from send() to the last byte, waiting for a free connection included
    std::size_t response_bytes_max = 1 << 20;  // of a 2xx body; no more is read
    // Given: where a 2xx body goes, piece by piece, instead of into the answer. false: it is too
    // much, no more is read (is_cut).
    std::function<bool(std::string_view)> take_body = {};
};

struct HttpResponse {
    int status = 0;  // 100..599: any status is a response, not a failure
    Headers headers;
    std::string body;
    bool is_cut = false;  // the body is longer than was read; at most 16 KB of other than 2xx are
};

enum class Fate {
    not_sent,  // the other side cannot have seen the request: name, connection or TLS failed
    unknown,   // bytes of it were written, no whole answer came: it may have been carried out
};

struct HttpFailure {
    Fate fate;
    Error error;  // unavailable | misconfigured (URL, certificates, proxy's login) | malformed
                  // (answer) | cancelled; names hosts, never the path
    bool timed_out = false;
    int proxy_status = 0;  // of the proxy's own answer, where it refused
    CertificateFault certificate = CertificateFault::none;
    std::optional<HttpResponse> begun = {};  // the answer's head came whole, its body in part
};

using HttpOutcome = tl::expected<HttpResponse, HttpFailure>;

class HttpClient {
  public:
    struct Options {
        int connections_max = 64;       // at once; further requests wait their turn
        int idle_connections_max = 16;  // kept open for reuse
    };
    using Completion = std::function<void(HttpOutcome)>;

    HttpClient() : HttpClient(Options()) {}
    explicit HttpClient(Options options);
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();  // cancels what is under way

    void send(HttpRequest request, Completion completion);  // also from a completion
    // Sends, receives, completes. Returns as soon as something was completed, after interrupt(), or
    // when this much time is over.
    void work(std::chrono::nanoseconds at_most);
    void interrupt();  // from any thread: the present or the next work() returns at once

  private:
    struct Engine;
    std::unique_ptr<Engine> engine_;
};

}  // namespace mis::net
