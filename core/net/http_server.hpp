// HTTP server: one thread of its own, many connections; for health, metrics, feeds, pushed records
// and the operator's page.
//
// The handler is called on the server's thread and must not block: it answers at once, or keeps the
// responder and answers later from any thread (a long poll). Every request gets one answer: a
// responder dropped unanswered answers 500, one kept longer than answer_timeout 503. Bodies that
// came as gzip are unpacked before the handler sees them. Limits: head 16 KB, body and waiting
// times by Options; beyond them 431, 413, or the connection is closed. Everything is in memory:
// nothing is promised after a crash.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/body_stream.hpp"
#include "net/http_message.hpp"

namespace mis::net {

struct ServerState;

struct ServerRequest {
    std::string method;
    std::string path;   // as sent, up to the '?'
    std::string query;  // after it
    Headers headers;
    std::string body;
    std::string peer;  // address without port
};

struct ServerAnswer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    Headers headers;                             // further ones
    std::shared_ptr<BodyStream> stream = {};     // not null: in the place of `body`
    std::chrono::milliseconds delay{0};          // before it is written; no thread waits
    std::optional<std::size_t> cut_after_bytes;  // write only so much, then reset the connection: a
                                                 // misbehaving receiver for tests
};

class Responder {  // copyable; the first answer counts, also across threads; outlives the server
                   // harmlessly
  public:
    struct Exchange;
    explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
    void operator()(ServerAnswer answer) const;

  private:
    std::shared_ptr<Exchange> exchange_;
};

using Handler = std::function<void(ServerRequest, Responder)>;

class HttpServer {
  public:
    struct Options {
        std::string address = "127.0.0.1";  // literal IPv4 or IPv6, in brackets or not
        std::uint16_t port = 0;             // 0: the system chooses, see port()
        std::string certificate_file;       // PEM chain and key: TLS when set
        std::string key_file;
        std::string client_authority_file;     // PEM: only callers with a certificate of theirs
        std::size_t body_bytes_max = 4 << 20;  // of the wire form and of the unpacked form
        std::size_t connections_max = 256;     // further ones are closed at once if all are busy
        std::chrono::milliseconds idle_timeout{60'000};  // between requests
        // From a connection's or request's first byte to the request's last, and for each 64 KB of
        // the answer.
        std::chrono::milliseconds request_timeout{15'000};
        std::chrono::milliseconds answer_timeout{120'000};  // for the handler's answer
        // Asked when a request's head is complete, before its body is read or kept: an answer turns
        // it away with that. On the server's thread.
        std::function<std::optional<ServerAnswer>(const ServerRequest& head)> admit = {};
        std::chrono::milliseconds body_timeout{0};  // of what was admitted; 0: request_timeout
    };

    // Listens from here on. Throws std::runtime_error naming address, port or certificate file and
    // the cause.
    HttpServer(Options options, Handler handler);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer(
    );  // not from a handler; open connections are closed, their requests stay unanswered

    std::uint16_t port() const;

  private:
    std::shared_ptr<ServerState> state_;
};

}  // namespace mis::net
