#include "sink/feed/request.hpp"

#include <charconv>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "disclosure/allow_list.hpp"

namespace mis::sink::feed {
namespace {

using net::ServerAnswer;
using net::ServerRequest;

std::string_view title_of(int status) {
    switch (status) {
        case 400:
            return "The question cannot be read";
        case 401:
            return "No or another token";
        case 403:
            return "Not of this token's";
        case 404:
            return "Nothing is here";
        case 405:
            return "Not by this method";
        case 409:
            return "The cursor is ahead of this store";
        case 410:
            return "The cursor is older than what is kept";
        case 429:
            return "Too many at once";
        default:
            return "Not now";
    }
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

using Parameters = std::map<std::string, std::string, std::less<>>;

// What is wrong with the query; empty: nothing.
std::string read_parameters(std::string_view query, Parameters& into) {
    if (query.empty()) return "";
    for (const std::string_view part : split(query, '&')) {
        if (part.empty()) continue;
        const auto equals = std::min(part.find('='), part.size());
        const auto name = decoded(part.substr(0, equals));
        const auto value = decoded(part.substr(std::min(equals + 1, part.size())));
        if (!name || !value) return "the query has a % without two hex digits behind it";
        if (!into.emplace(*name, *value).second)
            return "a parameter is there twice: give each once";
    }
    return "";
}

std::optional<int> number_within(std::string_view text, int least, int most) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number < least || number > most ? std::nullopt : std::optional(number);
}

// "mis.billing.charge.v1" as events say it, or "billing.charge".
std::string bare_type(std::string_view text) {
    if (text.starts_with("mis.") && text.ends_with(".v1")) {
        text.remove_prefix(4);
        text.remove_suffix(3);
    }
    return std::string(text);
}

bool takes_gzip(std::string_view accepted) {
    for (std::string_view part : split(accepted, ',')) {
        part = trim(part);
        const auto semicolon = std::min(part.find(';'), part.size());
        const auto coding = trim(part.substr(0, semicolon));
        if (!net::equal_ignoring_case(coding, "gzip") && coding != "*") continue;
        const auto weight = trim(part.substr(std::min(semicolon + 1, part.size())));
        const bool refused = weight.starts_with("q=0") &&
                             weight.find_first_of("123456789") == std::string_view::npos;
        return !refused;
    }
    return false;
}

}  // namespace

ServerAnswer problem(
    int status, std::string_view name, std::string_view detail, const Json& further
) {
    Json body{
        {"type", "urn:mis-gateway:problem:" + std::string(name)},
        {"title", title_of(status)},
        {"status", status},
        {"detail", detail}};
    body.update(further);
    ServerAnswer answer;
    answer.status = status;
    answer.content_type = "application/problem+json";
    answer.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    answer.headers.emplace_back("Cache-Control", "no-store");
    return answer;
}

ServerAnswer problem(int status, std::string_view name, std::string_view detail) {
    return problem(status, name, detail, Json::object());
}

bool is_route(const ServerRequest& request, ServerAnswer& otherwise) {
    if (request.path != kPagePath && request.path != kStreamPath) {
        otherwise =
            problem(404, "not-found", "the feed answers at /v1/events and /v1/events/stream");
        return false;
    }
    if (request.method == "GET") return true;
    otherwise = problem(405, "wrong-method", "the feed is read with GET");
    otherwise.headers.emplace_back("Allow", "GET");
    return false;
}

std::variant<Question, ServerAnswer> read_question(const ServerRequest& request) {
    const auto wrong = [](std::string_view detail) { return problem(400, "malformed", detail); };
    Question question;
    if (request.path == kStreamPath) question.kind = Question::Kind::stream;
    const bool is_page = question.kind == Question::Kind::page;
    Parameters parameters;
    if (const auto what = read_parameters(request.query, parameters); !what.empty())
        return wrong(what);
    for (const auto& [name, value] : parameters) {
        if (name == "after") {
            question.after = value;
        } else if (name == "type") {
            question.type = bare_type(value);
            if (disclosure::event_shape(question.type) == nullptr)
                return wrong("type: there is no such type of event; schemas/event has them all");
        } else if (name == "limit" && is_page) {
            const auto limit = number_within(value, 1, kPageEventsMax);
            if (!limit) return wrong("limit: a whole number from 1 to 1000");
            question.limit = *limit;
        } else if (name == "wait" && is_page) {
            const auto wait = number_within(value, 0, kWaitSecondsMax);
            if (!wait) return wrong("wait: whole seconds from 0 to 60");
            question.wait_seconds = *wait;
        } else {
            return wrong(
                is_page ? "a parameter is none of after, limit, type, wait"
                        : "a parameter is none of after, type"
            );
        }
    }
    // what a client has seen last counts before what its address says: it calls that again and
    // again
    if (const auto last = net::find_header(request.headers, "Last-Event-ID");
        !is_page && !last.empty())
        question.after = last;
    question.takes_gzip = takes_gzip(net::find_header(request.headers, "Accept-Encoding"));
    return question;
}

std::string bearer_token(const ServerRequest& request) {
    const std::string_view given = net::find_header(request.headers, "Authorization");
    const auto blank = std::min(given.find(' '), given.size());
    if (!net::equal_ignoring_case(given.substr(0, blank), "Bearer")) return "";
    return std::string(trim(given.substr(std::min(blank + 1, given.size()))));
}

int owner_of_token(std::string_view token, const std::vector<std::pair<Digest, int>>& hashes) {
    const Digest asked = sha256(token);
    const auto bytes = [](const Digest& digest) {
        return std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size());
    };
    int owner = -1;
    for (const auto& [hash, whose] : hashes)
        if (equal_in_constant_time(bytes(asked), bytes(hash))) owner = whose;
    return token.empty() ? -1 : owner;
}

}  // namespace mis::sink::feed
