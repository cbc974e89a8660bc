// How a receiver can go wrong on purpose, for tests: each is one option of the command line, all
// can be combined.
#pragma once

#include <optional>
#include <random>
#include <set>
#include <string>

#include "base/json.hpp"
#include "net/http_server.hpp"

namespace mis::receiver {

struct Misbehaviour {
    double fail_rate = 0;   // share of requests answered 500 without keeping anything
    double lie_rate = 0;    // share kept, then answered 500
    double reset_rate = 0;  // share kept, then the connection is reset in the middle of the answer
    int slow_ms = 0;        // before each answer
    std::optional<int> status;     // answer this to everything, keep nothing
    int retry_after_s = 0;         // sent along with status
    std::set<std::string> poison;  // ids: a request with one of them is answered 422, nothing kept
    std::set<std::string> reject;  // ids: named in {"rejected":[…]}, the rest is kept
};

enum class Keep { all, all_but_rejected, nothing };

struct Plan {
    Keep keep = Keep::all;
    net::ServerAnswer answer;
};

// What is done with a request that carries these events.
Plan plan_for(const Misbehaviour& misbehaviour, const Json& events, std::mt19937& random);

}  // namespace mis::receiver
