// sinks[].slots: free times for an aggregator. Kept apart from the sinks of events: it takes
// nothing from the outbox.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/json.hpp"
#include "config/connection_config.hpp"

namespace mis::config {

struct SlotSinkConfig {
    std::string pointer;  // of its entry
    std::string name, aggregator;
    std::string url;    // empty: the aggregator's own
    SecretPlace token;  // may be empty
    std::filesystem::path table_file;
    std::map<std::string, std::string> values;
    int every_minutes = 0, days = 0;  // 0: as the aggregator declares
    int age_minutes_max = 30, cell_minutes = 30;
    bool sole_feed = false;
    std::filesystem::path authority_file, certificate_file, key_file;
    std::string proxy;        // empty: none
    SecretPlace proxy_login;  // may be empty
    int connect_timeout_ms = 5'000, answer_timeout_ms = 30'000;
    int backoff_first_ms = 1'000, backoff_longest_ms = 300'000;
};

// Private to core/config.
class Section;
class SettingCheck;
SlotSinkConfig read_slot_sink(const Section& sink);
void check_slot_sink(SettingCheck& check, const Json& sink, const std::string& pointer);
// What every sink that calls somebody has: certificate, proxy, pauses.
void check_caller(SettingCheck& check, const Json& part, const std::string& pointer);

}  // namespace mis::config
