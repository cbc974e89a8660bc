// How a source is reached: one section of its entry in gateway.yaml, by kind. Declared with all
// other settings (settings.cpp); made into a source by core/source/kinds.hpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace mis::config {

struct SecretPlace {  // where a secret stands; at most one of the two
    std::filesystem::path file;
    std::string environment;
    std::string setting = {};  // who says so: "gateway.yaml:12: sources[0].firebird.password_file"
    bool is_empty() const { return file.empty() && environment.empty(); }
};

struct FirebirdConfig {
    std::string host;  // empty: embedded
    int port = 3050;
    std::string database, user, role, charset, wire_crypt, auth;
    int dialect = 3;
    int connect_seconds_max = 10, statement_seconds_max = 20;
    std::vector<std::string> client_library;  // empty: the system's
};

// A base behind an ODBC driver. system: which server it is, and so which dialect is spoken.
struct OdbcConfig {
    enum class System { sql_server, postgresql, mariadb } system = System::sql_server;
    std::string host;
    int port = 0;          // 0: the system's own; for a named instance the one its Browser tells
    std::string instance;  // sql_server
    std::string database, user;
    std::string domain;  // sql_server: of a domain login
    enum class Tls { off, offered, required, verified } tls = Tls::offered;
    std::filesystem::path authority_file;         // verified: who signs the server's certificate
    std::string driver;                           // name or file; empty: the system's usual one
    std::map<std::string, std::string> keywords;  // further ones of the connection string
    int connect_seconds_max = 10, statement_seconds_max = 20;
};

// A service that answers over HTTP.
struct HttpConfig {
    std::string url, user;
    std::map<std::string, std::string> auth;  // in the place of the connector's, if not empty
    SecretPlace refresh_token;
    std::string proxy;
    SecretPlace proxy_login;
    std::filesystem::path authority_file;
    bool plain_http = false;             // to another machine
    int per_second = 0, per_minute = 0;  // 0: as the connector declares
    int connect_seconds_max = 10, answer_seconds_max = 60;
};

struct FilesConfig {
    std::filesystem::path folder;
    int settle_seconds = 30;
    std::map<std::string, std::string> patterns;  // stream → glob
    std::map<std::string, std::string> columns;   // "stream.column" → heading
    std::string encoding;                         // empty: as the connector says
};

// Where a system that calls us reaches us.
struct PushConfig {
    std::string address = "127.0.0.1";
    int port = 8480;
    std::filesystem::path certificate_file, key_file;  // both or none: TLS
    bool plain_http = false;                           // from other machines, too
    int requests_per_minute = 120;                     // of one address
    std::int64_t body_bytes_max = 16'000'000, journal_bytes_max = 256'000'000;
    int silent_minutes_max = 0;                // 0: silence is never told
    std::map<std::string, std::string> hints;  // route → SOURCE or SOURCE.STREAM
    bool orders = false;
};

struct ConnectionConfig {
    std::string kind;     // the section's name: "firebird", "odbc", "http", "files", "push" …
    std::string pointer;  // of the section, for GatewayConfig::at()
    SecretPlace password;
    std::variant<FirebirdConfig, OdbcConfig, HttpConfig, FilesConfig, PushConfig> settings;
};

}  // namespace mis::config
