// A NATS server and its streams, from the configuration.
#include "gateway/cli/session.hpp"

namespace mis::gateway::cli {

Result<net::NatsOptions> Session::nats_options(const config::NatsConfig& from) const {
    net::NatsOptions options;
    options.servers = from.servers;
    options.authority_file = from.authority_file;
    options.certificate_file = from.certificate_file;
    options.key_file = from.key_file;
    options.user = from.user;
    options.credentials_file = from.credentials_file;
    if (!from.password.is_empty()) {
        const auto password = config::read_secret(from.password);
        if (!password) return fail(password.error());
        options.password = *password;
    }
    if (!from.token.is_empty()) {
        const auto token = config::read_secret(from.token);
        if (!token) return fail(token.error());
        options.token = *token;
    }
    options.name = "mis-gateway " + config.clinic_id;
    options.connect_timeout = std::chrono::milliseconds(from.connect_timeout_ms);
    return options;
}

Result<sink::NatsSinkOptions> Session::nats_sink(const config::NatsSinkConfig& from) const {
    auto connection = nats_options(from.server);
    if (!connection) return fail(connection.error());
    sink::NatsSinkOptions options;
    options.connection = std::move(*connection);
    options.clinic_id = config.clinic_id;
    options.domain = from.server.domain;
    options.window_events = static_cast<std::size_t>(from.window_events);
    options.ack_timeout = std::chrono::milliseconds(from.server.answer_timeout_ms);
    options.look_every = std::chrono::seconds(from.look_seconds);
    options.backoff_first = std::chrono::milliseconds(from.server.backoff_first_ms);
    options.backoff_longest = std::chrono::milliseconds(from.server.backoff_longest_ms);
    return options;
}

}  // namespace mis::gateway::cli
