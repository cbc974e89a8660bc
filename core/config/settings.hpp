// Every setting of gateway.yaml, declared once: from this table come the checks, the defaults,
// config/gateway.yaml, config/reference.md and schemas/config/gateway.schema.json (the three are
// generated; a test compares them and rewrites them under MIS_UPDATE_GENERATED=1).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace mis::config {

enum class SettingKind {
    section,           // an object that is always there, if only with its defaults
    optional_section,  // an object that is there or not: its presence decides something
    sections,          // a list of objects
    text,
    name,
    path,
    url,
    listen,
    zone,
    choice,
    integer,
    flag,
    texts,
    paths,  // lists
    text_map,
    zone_map,
};

enum class SettingEffect {
    reload,    // SIGHUP swaps it in at a batch boundary
    restart,   // taken at start only
    identity,  // changing it means another store: refused
};

struct Setting {
    std::string_view path;  // "sources[].firebird.port"
    SettingKind kind = SettingKind::text;
    std::string_view fallback;  // default as JSON; empty: required (scalars), no meaning (sections)
    std::string_view example;   // JSON for config/gateway.yaml where there is no default
    std::int64_t least = 0, most = 0;  // integer
    std::string_view choices;          // choice: "ordered|all"
    SettingEffect effect = SettingEffect::reload;
    std::string_view about;  // one or several sentences for the operator
};

std::span<const Setting> settings();  // parents before children, in the order of the file

// A name (of a clinic, source, sink): a–z, 0–9, "-" and "_", beginning with a letter, at most 64.
bool is_setting_name(std::string_view text);

std::string settings_annotated();  // config/gateway.yaml
std::string settings_reference();  // config/reference.md
std::string settings_schema();     // schemas/config/gateway.schema.json, draft-07

}  // namespace mis::config
