#include "console/gate.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace mis::console {
namespace {

bool is_loopback(std::string_view address) {
    return address.starts_with("127.") || address == "::1" || address == "[::1]";
}

struct NamedPort {
    std::string name;
    std::string port;  // empty: none is said
};

NamedPort parted(std::string_view host) {
    const auto colon = host.rfind(':');
    const bool in_brackets =
        colon != std::string_view::npos && host.find(']', colon) != std::string_view::npos;
    if (colon == std::string_view::npos || in_brackets) return {to_lower(host), ""};
    return {to_lower(host.substr(0, colon)), std::string(host.substr(colon + 1))};
}

}  // namespace

bool Rates::take(const std::string& asker, std::chrono::nanoseconds now) {
    auto found = buckets_.find(asker);
    if (found == buckets_.end()) {
        if (buckets_.size() >= kAskersMax)
            buckets_.erase(std::min_element(
                buckets_.begin(), buckets_.end(),
                [](const auto& a, const auto& b) { return a.second.at < b.second.at; }
            ));
        found = buckets_.emplace(asker, Bucket{most_, now}).first;
    }
    Bucket& bucket = found->second;
    const double passed = std::chrono::duration<double>(now - bucket.at).count();
    bucket.tokens = std::min(most_, bucket.tokens + passed * per_second_);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
}

Gate::Gate(GateOptions options) : options_(std::move(options)) {
    for (const auto& host : options_.hosts) names_.push_back(to_lower(host));
    const std::string& address = options_.address;
    const bool any = address == "0.0.0.0" || address == "::" || address == "[::]";
    if (!any)
        names_.push_back(
            address.find(':') != std::string::npos && !address.starts_with('[')
                ? "[" + to_lower(address) + "]"
                : to_lower(address)
        );
    if (any || is_loopback(address)) {
        names_.emplace_back("localhost");
        names_.emplace_back("127.0.0.1");
        names_.emplace_back("[::1]");
    }
}

bool Gate::is_our_name(std::string_view host) const {
    const auto [name, port] = parted(host);
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) return false;
    return port.empty() ? options_.port == (options_.tls ? 443 : 80)
                        : port == std::to_string(options_.port);
}

std::optional<ProblemName> Gate::refuse(const net::ServerRequest& request) const {
    const auto host = net::find_header(request.headers, "Host");
    const auto site = net::find_header(request.headers, "Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin" && site != "none") return ProblemName::forged;
    const auto origin = net::find_header(request.headers, "Origin");
    const std::string ours = std::string(options_.tls ? "https://" : "http://") + std::string(host);
    if (origin.empty() ? changes_something(request.method)
                       : !net::equal_ignoring_case(origin, ours))
        return ProblemName::forged;
    if (!changes_something(request.method)) return std::nullopt;
    const auto type = net::find_header(request.headers, "Content-Type");
    const bool json = net::equal_ignoring_case(type.substr(0, type.find(';')), "application/json");
    if (!request.body.empty() && !json) return ProblemName::malformed;
    return std::nullopt;
}

bool changes_something(std::string_view method) { return method != "GET" && method != "HEAD"; }

std::string_view cookie_of(const net::Headers& headers, std::string_view name) {
    std::string_view found;
    for (const auto& [header, value] : headers) {
        if (!net::equal_ignoring_case(header, "Cookie")) continue;
        for (const auto part : split(value, ';')) {
            const auto cookie = trim(part);
            const auto equals = cookie.find('=');
            if (equals == std::string_view::npos || cookie.substr(0, equals) != name) continue;
            if (!found.empty()) return {};  // two of one name: somebody has put one in
            found = cookie.substr(equals + 1);
        }
    }
    return found;
}

}  // namespace mis::console
