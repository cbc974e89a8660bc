// The console's door: which requests are looked at at all. Whether the name by which we are called
// is ours (a page elsewhere can give its own name our address), whether a request that changes
// something comes from our page, and whether somebody asks too often. On the server's thread; plain
// values.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/problem.hpp"
#include "net/http_server.hpp"

namespace mis::console {

// Tokens that come back with time: `per_second` on, at most `most` at once. Of at most so many
// askers; of more, the one longest silent is forgotten.
class Rates {
  public:
    Rates(double per_second, double most) : per_second_(per_second), most_(most) {}
    bool take(const std::string& asker, std::chrono::nanoseconds now);

  private:
    struct Bucket {
        double tokens = 0;
        std::chrono::nanoseconds at{0};
    };
    static constexpr std::size_t kAskersMax = 1'000;
    const double per_second_, most_;
    std::map<std::string, Bucket> buckets_;
};

struct GateOptions {
    std::string address;  // that we listen on, literal
    std::uint16_t port = 0;
    bool tls = false;
    std::vector<std::string> hosts;  // further names, without port
};

class Gate {
  public:
    explicit Gate(GateOptions options);

    bool is_our_name(std::string_view host) const;  // of the Host header
    // Nothing: it may go on. Origin and Sec-Fetch-Site of a request to the API.
    std::optional<ProblemName> refuse(const net::ServerRequest& request) const;

  private:
    GateOptions options_;
    std::vector<std::string> names_;  // lower case, without port
};

bool changes_something(std::string_view method);  // neither GET nor HEAD
// A cookie's value by its name; empty: not there.
std::string_view cookie_of(const net::Headers& headers, std::string_view name);

}  // namespace mis::console
