// Authentication: who we are, put into each request as the connector declares it; tokens are made
// or fetched when the first request wants one and renewed before they expire, or when the service
// refuses one (once).
//
// One thread. Secrets never enter an error.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "source/http/template.hpp"

namespace mis::source::http {

struct Credentials {
    std::string user, secret, refresh_token;
};

// What authentication adds to a request.
struct Proof {
    std::string path_prefix;  // "user/secret/", in front of the declared path
    std::vector<std::pair<std::string, std::string>> headers, query, body;
};

class Authentication {
  public:
    // ask: sends the declared request for a token; the answer's fields token and expires (the
    // latter may be empty).
    using AskToken = std::function<Result<std::pair<std::string, std::string>>(
        const RequestText& request, const Values& values, const std::string& token_field,
        const std::string& expires_field
    )>;
    Authentication(
        AuthDeclaration declaration, Credentials credentials, Values site, const Clock& clock,
        AskToken ask
    );

    Result<Proof> proof();
    Proof masked() const;  // for people: the same places, HIDDEN in them
    // The service refused the proof: true, the next one is another and worth one more try.
    bool renew();
    // Secrets that must not be shown wherever they come from.
    bool holds_secret(std::string_view text) const;

  private:
    Result<void> have_token();
    std::string signed_token(std::int64_t now_s);
    Result<Proof> placed(const Values& values) const;

    const AuthDeclaration declaration_;
    const Credentials credentials_;
    const Values site_;
    const Clock& clock_;
    const AskToken ask_;
    std::string token_;
    std::int64_t renew_at_s_ = 0;  // unix time
};

// A JSON Web Token signed with HMAC-SHA256.
std::string jwt_hs256(const Json& claims, std::string_view secret);

}  // namespace mis::source::http
