// What the console answers where it cannot do what was asked: RFC 9457, one table of names with
// status, title and remedy in both languages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "console/language.hpp"
#include "net/http_server.hpp"

namespace mis::console {

enum class ProblemName {
    no_session,             // 401
    wrong_login,            // 401
    paused,                 // 429: too many failed sign-ins
    no_right,               // 403
    forged,                 // 403: origin, fetch metadata or token are not those of our page
    wrong_host,             // 421
    not_found,              // 404
    wrong_method,           // 405
    malformed,              // 400
    invalid,                // 422
    changed,                // 412: somebody was faster
    precondition_required,  // 428
    too_many,               // 429
    too_large,              // 413
    busy,                   // 503
    refused,                // 409: the rules of the gateway refuse it
    internal,               // 500
};

struct Fault {  // of one field of a body
    std::string pointer;
    std::string detail;
};

struct Problem {
    ProblemName name = ProblemName::internal;
    std::string detail = {};  // what, where, remedy; empty: the table's
    std::vector<Fault> errors = {};
    std::int64_t retry_seconds = 0;  // Retry-After; 0: none
    Json more = {};                  // further members; null: none
};

std::string_view name_of(ProblemName name);
net::ServerAnswer answer_of(
    const Problem& problem, Language language, const std::string& request_number
);

}  // namespace mis::console
