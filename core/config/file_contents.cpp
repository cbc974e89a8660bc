#include "config/file_contents.hpp"

#include <set>
#include <system_error>

#include "base/crypto.hpp"
#include "platform/file.hpp"

namespace mis::config {

FileContents file_contents(const GatewayConfig& config) {
    FileContents contents;
    const auto add = [&contents](const std::filesystem::path& file) {
        if (file.empty()) return;
        std::string& digest = contents[file];
        try {
            digest = to_hex(sha256(platform::read_file(file)));
        } catch (const std::system_error&) {
            digest.clear();
        }
    };
    const auto add_secret = [&](const SecretPlace& place) { add(secret_file(place)); };
    for (const auto& source : config.sources) {
        add_secret(source.connection.password);
        if (const auto* http = std::get_if<HttpConfig>(&source.connection.settings)) {
            add_secret(http->refresh_token);
            add_secret(http->proxy_login);
            add(http->authority_file);
        }
        if (const auto* push = std::get_if<PushConfig>(&source.connection.settings)) {
            add(push->certificate_file);
            add(push->key_file);
        }
        add(source.codes_file);
        std::error_code none;  // a folder that is not there has no files
        if (!source.overlay.empty())
            for (const auto& entry : std::filesystem::directory_iterator(source.overlay, none))
                if (entry.is_regular_file()) add(entry.path());
        for (const auto& one : source.overrides) add(one.file);
    }
    const auto add_nats = [&](const NatsConfig& nats) {
        add_secret(nats.password);
        add_secret(nats.token);
        add(nats.credentials_file);
        add(nats.authority_file);
        add(nats.certificate_file);
        add(nats.key_file);
    };
    for (const auto& sink : config.sinks) {
        if (sink.nats) add_nats(sink.nats->server);
        if (!sink.webhook) continue;
        for (const auto& place : sink.webhook->secrets) add_secret(place);
        add_secret(sink.webhook->bearer_token);
        add_secret(sink.webhook->proxy_login);
        add(sink.webhook->authority_file);
        add(sink.webhook->certificate_file);
        add(sink.webhook->key_file);
    }
    if (config.inbox.nats) add_nats(config.inbox.nats->server);
    if (const auto& http = config.inbox.http) {
        add_secret(http->bearer_token);
        add_secret(http->proxy_login);
        add(http->authority_file);
        add(http->certificate_file);
        add(http->key_file);
    }
    for (const auto& sink : config.slot_sinks) {
        add_secret(sink.token);
        add_secret(sink.proxy_login);
        add(sink.authority_file);
        add(sink.certificate_file);
        add(sink.key_file);
        add(sink.table_file);
        if (sink.aggregator.find('/') != std::string::npos) add(sink.aggregator);
    }
    if (config.feed) {
        add(config.feed->certificate_file);
        add(config.feed->key_file);
        add(config.feed->client_authority_file);
        for (const auto& reader : config.feed->readers)
            for (const auto& token : reader.tokens) add_secret(token);
    }
    add(config.groups_file);
    add(config.groups_extend_file);
    return contents;
}

std::vector<std::filesystem::path> changed_files(
    const FileContents& before, const FileContents& after
) {
    std::set<std::filesystem::path> changed;
    for (const auto& [one, other] : {std::pair(&before, &after), std::pair(&after, &before)})
        for (const auto& [file, digest] : *one)
            if (const auto found = other->find(file);
                found == other->end() || found->second != digest)
                changed.insert(file);
    return {changed.begin(), changed.end()};
}

}  // namespace mis::config
