// How the exchange's messages are fetched, from the configuration.
#include "gateway/cli/session.hpp"

namespace mis::gateway::cli {

Result<InboxSetup> Session::inbox_setup() const {
    InboxSetup setup;
    if (config.inbox.nats) {
        const config::NatsInboxConfig& from = *config.inbox.nats;
        auto connection = nats_options(from.server);
        if (!connection) return fail(connection.error());
        inbox::NatsInboxOptions& nats = setup.nats.emplace();
        nats.connection = std::move(*connection);
        nats.clinic_id = config.clinic_id;
        nats.domain = from.server.domain;
        nats.wait = std::chrono::seconds(from.wait_seconds);
        nats.messages_max = static_cast<std::size_t>(from.messages_max);
        nats.answer_timeout = std::chrono::milliseconds(from.server.answer_timeout_ms);
        nats.backoff_first = std::chrono::milliseconds(from.server.backoff_first_ms);
        nats.backoff_longest = std::chrono::milliseconds(from.server.backoff_longest_ms);
    }
    if (!config.inbox.http) return setup;
    const config::InboxHttpConfig& from = *config.inbox.http;
    inbox::HttpInboxOptions& http = setup.http.emplace();
    http.url = from.url;
    if (!from.bearer_token.is_empty()) {
        const auto token = config::read_secret(from.bearer_token);
        if (!token) return fail(token.error());
        http.headers.emplace_back("Authorization", "Bearer " + *token);
    }
    http.proxy.url = from.proxy;
    if (!from.proxy_login.is_empty()) {
        const auto login = config::read_secret(from.proxy_login);
        if (!login) return fail(login.error());
        http.proxy.login = *login;
    }
    http.tls = {from.authority_file, from.certificate_file, from.key_file};
    http.wait = std::chrono::seconds(from.wait_seconds);
    http.messages_max = static_cast<std::size_t>(from.messages_max);
    http.connect_timeout = std::chrono::milliseconds(from.connect_timeout_ms);
    http.answer_timeout = std::chrono::milliseconds(from.answer_timeout_ms);
    http.backoff_first = std::chrono::milliseconds(from.backoff_first_ms);
    http.backoff_longest = std::chrono::milliseconds(from.backoff_longest_ms);
    return setup;
}

}  // namespace mis::gateway::cli
