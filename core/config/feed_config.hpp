// The section `feed`: who may come for events, and where.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/connection_config.hpp"
#include "config/setting_check.hpp"

namespace mis::config {

struct FeedReaderConfig {
    std::string pointer;  // of its entry, for GatewayConfig::at()
    std::string name, party;
    std::vector<SecretPlace> tokens;  // one or two
    std::vector<std::string> types;   // "billing.charge", "billing.*"; empty: all
    int kept_hours = 168;
    std::int64_t kept_events_max = 1'000'000;
};

struct FeedConfig {
    std::string address;
    int port = 0;
    std::filesystem::path certificate_file, key_file, client_authority_file;
    int stream_seconds_max = 900;
    std::vector<FeedReaderConfig> readers;
};

// "127.0.0.1:9465", "[::1]:9465": nobody outside this machine reaches it.
bool is_loopback_listen(std::string_view listen);

// `part` is the effective section: everything is there. `at` writes where a setting stands.
FeedConfig read_feed(
    const Json& part, const std::filesystem::path& folder,
    const std::function<std::string(std::string_view pointer)>& at
);

// What belongs together: TLS, tokens, names that no sink has.
void check_feed(SettingCheck& check, const Json& all);

}  // namespace mis::config
