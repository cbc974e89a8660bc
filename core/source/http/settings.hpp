// A service that answers over HTTP: REST with JSON or XML, SOAP. Declared in connector.yaml
// (request.hpp), reached as the site's `http:` section says.
//
// Read-only by what is declared: nothing here knows of writing. TLS is always verified, redirects
// are not followed, secrets stand in no error, log or preview.
#pragma once

#include <string>

#include "config/connection_config.hpp"
#include "source/source.hpp"

namespace mis::source::http {

struct HttpSettings {
    config::HttpConfig service;
    std::string secret;         // key, password, Api Secret, client secret
    std::string refresh_token;  // oauth2_refresh
    std::string proxy_login;
};

// misconfigured: the connector is of another kind. Asks nobody yet.
Opener opener(const config::HttpConfig& service, const std::string& secret);

}  // namespace mis::source::http
