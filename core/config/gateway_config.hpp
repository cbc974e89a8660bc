// The configuration of one gateway: config/gateway.yaml, typed and checked. Every key is documented in that file and in config/reference.md.
//
// Loading checks everything that can be checked without a connection; each error says FILE:LINE: key: what is wrong: remedy. Secrets stand in files
// or in the environment, never inline. Plain values, copied freely; a reload loads a second one and compares (describe_changes).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/timestamp.hpp"

namespace mis::config {

struct ClinicConfig {
    std::string id;
    Zone zone;
    std::map<std::string, Zone> branch_zones;  // branch source_id → zone, over what the MIS says
    explicit ClinicConfig(Zone clinic_zone) : zone(clinic_zone) {}
};

struct FirebirdConfig {
    std::string host;  // empty: embedded
    int port = 3050;
    std::string database, user, role;
    std::string password;  // read from password_file or password_env
    std::string charset, wire_crypt, auth;
    int dialect = 3;
    std::vector<std::string> client_library;  // empty: the usual names
};

struct SourceConfig {
    std::string name;
    std::string connector;  // a name in the share directory's connectors/, or a path
    FirebirdConfig firebird;
    std::map<std::string, std::string> site;  // values of the connector's site: keys
    std::string role;                         // "mis" (default) or "register": a partner register (domain.md L1)
    int poll_seconds = 60;
    int statement_seconds_max = 20;
    int duty_cycle_percent = 10;
    int backfill_duty_cycle_percent = 10;
    int reconcile_hour = 3;
};

struct SinkConfig {
    std::string name;
    std::string kind;   // "webhook", "file"
    std::string party;  // X3; empty: all
    // webhook
    std::string url;
    std::vector<std::string> secrets;  // "whsec_…", one or two
    std::string ca_file;
    int batch_events_max = 100, parallel = 4, gzip_level = 1, answer_timeout_seconds = 30;
    // file
    std::filesystem::path folder;
    std::uint64_t file_bytes_max = 64'000'000;
    int files_max = 0;
};

struct GatewayConfig {
    ClinicConfig clinic;
    std::filesystem::path store;  // the folder
    bool export_all = false;
    std::string legal_ground;
    int low_threshold_percent = 80;
    std::vector<SourceConfig> sources;
    std::vector<SinkConfig> sinks;
    std::string http_address = "127.0.0.1";
    int http_port = 9618;
    std::int64_t outbox_events_max = 5'000'000;
    int free_disk_mb_min = 256;
    int keep_delivered_hours = 72;
    int slot_days = 28;
    int backup_warn_days = 7;
    std::filesystem::path nomenclature_groups;  // the clinic's extension; empty: none
    log::Level log_level = log::Level::info;
    std::filesystem::path file;                 // where it was loaded from
    explicit GatewayConfig(Zone clinic_zone) : clinic(clinic_zone) {}
};

Result<GatewayConfig> load_gateway_config(const std::filesystem::path& file);

// One line per difference, secrets as "(changed)"; empty: the same.
std::vector<std::string> describe_changes(const GatewayConfig& before, const GatewayConfig& after);

}  // namespace mis::config
