// The configuration of one gateway: gateway.yaml, checked and typed.
//
// load_config() reports every mistake at once, one per line: "FILE:LINE: KEY: what: remedy". It
// opens no secret file and no connection: whoever uses a secret asks read_secret() then. Relative
// paths are resolved against the file's folder. What each key means: config/reference.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/timestamp.hpp"
#include "config/connection_config.hpp"
#include "config/console_config.hpp"
#include "config/exchange_config.hpp"
#include "config/feed_config.hpp"
#include "config/settings.hpp"
#include "config/slots_config.hpp"
#include "config/yaml.hpp"

namespace mis::config {

// The one reader of all secrets: the only line of the file or variable, without the white space at
// its end; a byte order mark before it and CR LF behind it are forgiven. Where a supervisor hands
// secrets over
// ($CREDENTIALS_DIRECTORY, systemd's LoadCredential), the one with the file's name counts: so
// /etc/mis-gateway/mis.password may be root's alone and is read by the service all the same, while
// commands run by root read the file. misconfigured: missing, unreadable, empty, of several
// lines, UTF-16, with control characters; names the setting, the place and the remedy, never the
// content.
Result<std::string> read_secret(const SecretPlace& place);
// The file that is read; empty: the secret stands in the environment, or there is none.
std::filesystem::path secret_file(const SecretPlace& place);

enum class ExportMode { ordered, all };

struct OverrideConfig {
    std::string replaces, shipped_sha256;
    std::filesystem::path file;
};

struct SourceConfig {
    std::string pointer;  // of its entry, for GatewayConfig::at()
    std::string name, connector;
    ConnectionConfig connection;
    int poll_seconds = 0;  // 0: as the connector declares
    int duty_cycle_percent = 10, backfill_duty_cycle_percent = 10;
    int reconcile_hour = 3;
    int hold_share_percent = 30, hold_count_min = 20;
    bool is_register = false;
    std::optional<Date> counts_from;  // D5: what is earlier is history; none: all counts
    std::map<std::string, std::string> site;
    std::filesystem::path overlay;     // a folder; empty: none
    std::filesystem::path codes_file;  // empty: none
    std::vector<OverrideConfig> overrides;
};

struct WebhookConfig {
    std::string url;
    std::vector<SecretPlace> secrets;  // one or two
    SecretPlace bearer_token;          // may be empty
    std::filesystem::path authority_file, certificate_file, key_file;
    std::string proxy;        // empty: none
    SecretPlace proxy_login;  // may be empty
    int batch_events_max = 100;
    std::int64_t batch_bytes_max = 500'000;
    int parallel = 4, gzip_level = 1;
    int connect_timeout_ms = 5'000, answer_timeout_ms = 30'000;
    int backoff_first_ms = 1'000, backoff_longest_ms = 300'000;
};

struct FileSinkConfig {
    std::filesystem::path folder;
    std::int64_t file_bytes_max = 64'000'000;
    int files_max = 0, batch_events_max = 500;
};

struct SinkConfig {  // exactly one of the three
    std::string pointer;
    std::string name, party;
    std::optional<WebhookConfig> webhook;
    std::optional<FileSinkConfig> file;
    std::optional<NatsSinkConfig> nats;
};

struct Listen {
    std::string address;
    int port = 0;
};

struct GatewayConfig {
    std::filesystem::path file;  // that it came from
    std::string clinic_id, currency;
    Zone clinic_zone;
    std::map<std::string, Zone> branch_zones;
    std::filesystem::path store_folder;
    ExportMode export_mode = ExportMode::ordered;
    std::string legal_ground;
    int days_before_receipt = 7;
    bool practitioner_names = false;
    std::vector<SourceConfig> sources;
    std::vector<SinkConfig> sinks;
    std::vector<SlotSinkConfig> slot_sinks;
    InboxConfig inbox;
    std::optional<Listen> http_listen;                      // none: switched off
    std::optional<ConsoleConfig> console;                   // none: there is none
    std::optional<FeedConfig> feed;                         // none: there is none
    std::filesystem::path groups_file, groups_extend_file;  // empty: the shipped one, none
    int low_threshold_percent = 80, slot_days = 28;
    std::int64_t outbox_events_max = 5'000'000, free_disk_bytes_min = 268'435'456,
                 stage_bytes_max = 8'000'000'000;
    int groups_per_commit = 200, delivered_hours_kept = 72, quarantine_days_kept = 30;
    int trace_days_kept = 0;              // 0: for ever
    std::filesystem::path backup_folder;  // empty: not watched
    SecretPlace backup_passphrase;
    int backup_age_hours_max = 48;
    log::Level log_level = log::Level::info;

    Json effective;  // the document with all defaults; holds no secret, since none may stand in it

    explicit GatewayConfig(Zone zone) : clinic_zone(zone) {}

    // "gateway.yaml:12: sources[0].site.tooth_column": where an error about a setting stands. For
    // a setting that is not written: the line of the section around it.
    std::string at(std::string_view pointer) const;
    std::shared_ptr<const YamlDocument> document;  // never null once parsed
};

Result<GatewayConfig> load_config(const std::filesystem::path& file);
// The same from text; `file` says where it would lie, for paths and errors.
Result<GatewayConfig> parse_config(std::string_view text, const std::filesystem::path& file);

struct ConfigChange {
    std::string key;            // "sources[mis].poll_seconds", "sinks[event-log]"
    std::string before, after;  // JSON; empty: was not, is no longer there
    SettingEffect effect = SettingEffect::reload;
};

// What SIGHUP would change. List entries are known by name; several identity changes mean: another
// store.
std::vector<ConfigChange> diff_configs(const GatewayConfig& before, const GatewayConfig& after);

}  // namespace mis::config
