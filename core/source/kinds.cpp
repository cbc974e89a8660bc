#include "source/kinds.hpp"

#include <utility>

#include "source/files/files_reader.hpp"
#include "source/firebird/settings.hpp"
#include "source/http/settings.hpp"
#include "source/odbc/settings.hpp"
#include "source/push/listener.hpp"

namespace mis::source {
namespace {

Opener made_of(const config::FirebirdConfig& from, const std::string& password, Effort effort) {
    FirebirdSettings settings;
    settings.host = from.host;
    settings.port = from.port;
    settings.database = from.database;
    settings.user = from.user;
    settings.password = password;
    settings.role = from.role;
    settings.charset = from.charset;
    settings.dialect = from.dialect;
    settings.connect_seconds_max = from.connect_seconds_max;
    settings.statement_seconds_max = from.statement_seconds_max;
    settings.effort = effort;
    if (!from.client_library.empty()) settings.client_library = from.client_library;
    settings.wire_crypt = from.wire_crypt;
    settings.auth = from.auth;
    return firebird::opener(std::move(settings));
}

Opener made_of(const config::OdbcConfig& from, const std::string& password, Effort effort) {
    return odbc::opener({from, password, effort});
}

Opener made_of(const config::HttpConfig& from, const std::string& secret, Effort) {
    return http::opener(from, secret);
}

Opener made_of(const config::FilesConfig& from, const std::string&, Effort) {
    return files::opener(from);
}

Opener made_of(const config::PushConfig& from, const std::string& secret, Effort) {
    return push::opener(from, secret);
}

}  // namespace

Opener opener_of(
    const config::ConnectionConfig& connection, const std::string& password, Effort effort
) {
    return std::visit(
        [&](const auto& settings) { return made_of(settings, password, effort); },
        connection.settings
    );
}

IntakeOpener intake_opener_of(
    const config::ConnectionConfig& connection, const std::string& password
) {
    if (const auto* push = std::get_if<config::PushConfig>(&connection.settings))
        return push::intake_opener(*push, password);
    return {};
}

}  // namespace mis::source
