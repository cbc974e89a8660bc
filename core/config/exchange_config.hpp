// How the exchange is reached for its messages. Declared with all other settings (settings.cpp).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "config/connection_config.hpp"

namespace mis::config {

struct InboxHttpConfig {
    std::string url;
    SecretPlace bearer_token;  // may be empty
    std::filesystem::path authority_file, certificate_file, key_file;
    std::string proxy;        // empty: none
    SecretPlace proxy_login;  // may be empty
    int wait_seconds = 30, messages_max = 100;
    int connect_timeout_ms = 5'000, answer_timeout_ms = 30'000;
    int backoff_first_ms = 1'000, backoff_longest_ms = 300'000;
};

// A NATS server and who we are there.
struct NatsConfig {
    std::vector<std::string> servers;  // "tls://host:4222", "nats://host:4222"
    std::filesystem::path authority_file, certificate_file, key_file;
    std::string user;
    SecretPlace password, token;             // may be empty
    std::filesystem::path credentials_file;  // empty: none
    std::string domain;                      // of JetStream; empty: the server's own
    int connect_timeout_ms = 5'000, answer_timeout_ms = 5'000;
    int backoff_first_ms = 1'000, backoff_longest_ms = 60'000;
};

struct NatsSinkConfig {
    NatsConfig server;
    int window_events = 1'000, look_seconds = 30;
};

struct NatsInboxConfig {
    NatsConfig server;
    int wait_seconds = 30, messages_max = 100;
};

struct InboxConfig {  // none of them: messages are handed in by `inbox push` alone
    std::optional<InboxHttpConfig> http;
    std::optional<NatsInboxConfig> nats;  // not both
};

// Private to core/config.
class Section;
class SettingCheck;
InboxConfig read_inbox(const Section& from);
NatsSinkConfig read_nats_sink(const Section& from);
void check_nats(SettingCheck& check, const Json& part, const std::string& pointer);
void check_inbox(SettingCheck& check, const Json& inbox, const std::string& pointer);
void check_proxy(SettingCheck& check, const Json& part, const std::string& pointer);
std::string text_at(const Json& value, const char* key);  // empty: not given

}  // namespace mis::config
