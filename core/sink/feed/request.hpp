// What a reader asks of the feed, and how a question that cannot be answered is turned away:
// problem documents (RFC 9457) whose type is urn:mis-gateway:problem:NAME.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "net/http_server.hpp"

namespace mis::sink::feed {

inline constexpr std::string_view kPagePath = "/v1/events", kStreamPath = "/v1/events/stream";
inline constexpr int kPageEventsMax = 1000, kPageEventsUsual = 100, kWaitSecondsMax = 60;

struct Question {
    enum class Kind { page, stream } kind = Kind::page;
    std::string after;  // a cursor as it was written; empty: from the oldest that is kept
    std::string type;   // without "mis." and ".v1"; empty: all
    int limit = kPageEventsUsual;
    int wait_seconds = 0;
    bool takes_gzip = false;
};

net::ServerAnswer problem(int status, std::string_view name, std::string_view detail);
net::ServerAnswer problem(
    int status, std::string_view name, std::string_view detail, const Json& further
);

// The question, or the answer by which it is turned away. The caller is known already.
std::variant<Question, net::ServerAnswer> read_question(const net::ServerRequest& request);

// nullopt-like: whether path and method are the feed's; what answers if they are not.
bool is_route(const net::ServerRequest& request, net::ServerAnswer& otherwise);

// The token of an Authorization header; empty: there is none, or of another kind.
std::string bearer_token(const net::ServerRequest& request);

// Which of `hashes` (SHA-256 of tokens, with whose they are) this is; -1: none. Takes as long for
// all of them.
int owner_of_token(std::string_view token, const std::vector<std::pair<Digest, int>>& hashes);

}  // namespace mis::sink::feed
