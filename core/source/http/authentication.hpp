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
#include "source/http/token_keeper.hpp"

namespace mis::source::http {

struct Credentials {
    std::string user, secret;
};

// What authentication adds to a request.
struct Proof {
    std::string path_prefix;  // "user/secret/", in front of the declared path
    std::vector<std::pair<std::string, std::string>> headers, query, body;
};

class Authentication {
  public:
    // Sends the declared request for a token (declaration.login) and gives what the answer's fields
    // hold, "" where they are not there.
    struct Issued {
        std::string token, expires, refresh;
    };
    using AskToken =
        std::function<Result<Issued>(const AuthDeclaration& declaration, const Values& values)>;
    Authentication(
        AuthDeclaration declaration, Credentials credentials, Values site, const Clock& clock,
        TokenKeeper refresh, AskToken ask
    );

    AuthDeclaration::Kind kind() const { return declaration_.kind; }
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
    TokenKeeper refresh_;
    const AskToken ask_;
    std::string token_;
    std::int64_t renew_at_s_ = 0;  // unix time
};

// A JSON Web Token signed with HMAC-SHA256.
std::string jwt_hs256(const Json& claims, std::string_view secret);

}  // namespace mis::source::http
