// What is generated from the table of settings: the annotated file, the reference, the JSON Schema.
#include <fmt/format.h>

#include "base/text.hpp"
#include "config/setting_tree.hpp"

namespace mis::config {
namespace {

using K = SettingKind;

std::string_view kind_for_people(K kind) {
    switch (kind) {
        case K::section:
            return "section";
        case K::optional_section:
            return "section, if present";
        case K::sections:
            return "list";
        case K::text:
            return "text";
        case K::name:
            return "name";
        case K::path:
            return "path";
        case K::url:
            return "URL";
        case K::listen:
            return "address:port";
        case K::zone:
            return "time zone";
        case K::choice:
            return "choice";
        case K::integer:
            return "whole number";
        case K::flag:
            return "true / false";
        case K::texts:
            return "list of texts";
        case K::paths:
            return "list of paths";
        case K::text_map:
            return "map of texts";
        case K::zone_map:
            return "map of time zones";
    }
    MIS_ASSERT(false);
}

std::string_view effect_for_people(SettingEffect effect) {
    switch (effect) {
        case SettingEffect::reload:
            return "SIGHUP";
        case SettingEffect::restart:
            return "restart";
        case SettingEffect::identity:
            return "never: identity";
    }
    MIS_ASSERT(false);
}

// Words wrapped into comment lines of at most 110 columns.
void comment(std::string& out, std::string_view indent, std::string_view text) {
    std::string line = std::string(indent) + "#";
    const std::size_t empty = line.size();
    for (const std::string_view word : split(text, ' ')) {
        if (line.size() + 1 + word.size() > 110 && line.size() > empty) {
            out += line + "\n";
            line = std::string(indent) + "#";
        }
        line += " ";
        line += word;
    }
    out += line + "\n";
}

std::string allowed(const Setting& setting) {
    if (setting.kind == K::integer) return fmt::format("{} to {}", setting.least, setting.most);
    if (setting.kind == K::choice)
        return fmt::format("{}", fmt::join(split(setting.choices, '|'), ", "));
    return "";
}

std::string annotation(const Setting& setting) {
    std::string text(setting.about);
    if (const std::string range = allowed(setting); !range.empty()) text += " (" + range + ")";
    return text;
}

void annotate(std::string& out, const SettingNode& node, int depth, bool first_of_item);

// A source is reached in one way; the first stands there, the others behind a #.
bool is_another_way(const Setting& setting) {
    return setting.path == "sinks[].nats" || setting.path == "inbox.nats" ||
           setting.path == "sources[].sql_server" || setting.path == "sources[].odbc" ||
           setting.path == "sources[].http" || setting.path == "sources[].files" ||
           setting.path == "sources[].push" || setting.path == "sinks[].slots";
}

void annotate_as_comment(std::string& out, const SettingNode& node, int depth) {
    std::string text;
    annotate(text, node, depth, false);
    const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
    for (std::string_view line : split(text, '\n')) {
        if (line.empty()) continue;
        const std::string_view rest = line.substr(std::min(indent.size(), line.size()));
        out += indent + (rest.starts_with("#") ? "" : "# ") + std::string(rest) + "\n";
    }
}

void annotate(std::string& out, const SettingNode& node, int depth, bool first_of_item) {
    const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
    const Setting& setting = *node.setting;
    if (depth == 0) out += "\n";
    // the dash of a list's item stands before its first key, so its comment goes above with the
    // item's indent
    const std::string lead = first_of_item ? indent.substr(0, indent.size() - 2) + "- " : indent;
    comment(out, first_of_item ? indent.substr(0, indent.size() - 2) : indent, annotation(setting));
    switch (node.kind()) {
        case K::section:
        case K::optional_section:
            out += lead + node.name + ":\n";
            for (const SettingNode& child : node.children)
                if (is_another_way(*child.setting))
                    annotate_as_comment(out, child, depth + 1);
                else
                    annotate(out, child, depth + 1, false);
            break;
        case K::sections: {
            if (node.setting->path == "sources[].overrides") {  // nobody starts with one
                out += lead + node.name + ": []\n";
                out += indent + "# - replaces: procedure.sql\n" + indent +
                       "#   file: overrides/procedure.sql\n" + indent +
                       "#   shipped_sha256: \"…\"\n";
                break;
            }
            out += lead + node.name + ":\n";
            bool first = true;
            for (const SettingNode& child : node.children) {
                if (child.setting->path == "sinks[].file") continue;  // an item of its own below
                if (is_another_way(*child.setting))
                    annotate_as_comment(out, child, depth + 2);
                else
                    annotate(out, child, depth + 2, first);
                first = false;
            }
            if (node.setting->path == "sinks") {
                comment(out, indent + "  ", "A second sink, and the other kind.");
                out += indent + "  - name: event-log\n";
                annotate(out, *node.child("party"), depth + 2, false);
                annotate(out, *node.child("file"), depth + 2, false);
            }
            break;
        }
        default: {
            std::string text(setting.fallback.empty() ? setting.example : setting.fallback);
            if (setting.path == "sinks[].webhook.secret_files")
                text = "[/etc/mis-gateway/exchange.secret]";
            if (setting.path.ends_with(".password_file")) text = "/etc/mis-gateway/mis.password";
            out += lead + node.name + ": " + text + "\n";
        }
    }
}

Json schema_of(const SettingNode& node);

Json object_schema(const SettingNode& node) {
    Json properties = Json::object(), required = Json::array();
    for (const SettingNode& child : node.children) {
        properties[child.name] = schema_of(child);
        if (child.is_required()) required.push_back(child.name);
        // a section is required where something in it is
        if (child.kind() == K::section)
            for (const SettingNode& grandchild : child.children)
                if (grandchild.is_required()) {
                    required.push_back(child.name);
                    break;
                }
    }
    Json schema{
        {"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
}

Json schema_of(const SettingNode& node) {
    Json schema;
    switch (node.kind()) {
        case K::section:
        case K::optional_section:
            schema = object_schema(node);
            break;
        case K::sections:
            schema = Json{{"type", "array"}, {"items", object_schema(node)}};
            break;
        case K::text:
        case K::path:
        case K::listen:
        case K::zone:
            schema = Json{{"type", "string"}};
            break;
        case K::name:
            schema = Json{{"type", "string"}, {"pattern", "^[a-z][a-z0-9_-]{0,63}$"}};
            break;
        case K::url:
            schema = Json{{"type", "string"}, {"pattern", "^https?://"}};
            break;
        case K::choice:
            schema = Json{{"enum", split(node.setting->choices, '|')}};
            break;
        case K::integer:
            schema = Json{
                {"type", "integer"},
                {"minimum", node.setting->least},
                {"maximum", node.setting->most}};
            break;
        case K::flag:
            schema = Json{{"type", "boolean"}};
            break;
        case K::texts:
        case K::paths:
            schema = Json{{"type", "array"}, {"items", {{"type", "string"}}}};
            break;
        case K::text_map:
        case K::zone_map:
            schema = Json{
                {"type", "object"},
                {"additionalProperties", {{"type", {"string", "integer", "boolean"}}}}};
            break;
    }
    schema["description"] = node.setting->about;
    if (!node.setting->fallback.empty()) schema["default"] = node.fallback();
    return schema;
}

}  // namespace

std::string settings_annotated() {
    std::string out =
        "# Configuration of mis-gateway: every key at its default; values without a default are "
        "examples.\n"
        "# Keys that you leave out have their default. `mis-gateway check --config FILE` names "
        "every mistake with its line and its remedy.\n"
        "# Paths are relative to this file's folder. Secrets stand in files (mode 0600) or "
        "environment variables, never here.\n"
        "# Generated from core/config/settings.cpp, as are config/reference.md and "
        "schemas/config/gateway.schema.json.\n";
    for (const SettingNode& node : setting_tree().children)
        if (node.name == "feed")  // its presence opens a port: nobody starts with one
            annotate_as_comment(out, node, 0);
        else
            annotate(out, node, 0, false);
    return out;
}

std::string settings_reference() {
    std::string out =
        "# Settings of gateway.yaml\n\n"
        "Generated from `core/config/settings.cpp`. `config/gateway.yaml` shows every key at its "
        "default. The last column says when a change takes "
        "effect: at SIGHUP, at a restart, or never, because the store hangs on it.\n\n"
        "| key | kind | default | allowed | meaning | change |\n|---|---|---|---|---|---|\n";
    for (const Setting& setting : settings()) {
        const bool is_section = setting.kind == K::section || setting.kind == K::optional_section;
        const std::string fallback = is_section ? ""
                                     : setting.fallback.empty()
                                         ? "required"
                                         : fmt::format("`{}`", setting.fallback);
        out += fmt::format(
            "| `{}` | {} | {} | {} | {} | {} |\n", setting.path, kind_for_people(setting.kind),
            fallback, allowed(setting), setting.about,
            is_section || setting.kind == K::sections ? "" : effect_for_people(setting.effect)
        );
    }
    return out;
}

std::string settings_schema() {
    Json schema = object_schema(setting_tree());
    schema["$schema"] = "http://json-schema.org/draft-07/schema#";
    schema["$id"] = "https://mis-gateway/schemas/config/gateway.v1.json";
    schema["title"] = "Configuration of mis-gateway";
    return schema.dump(2) + "\n";
}

}  // namespace mis::config
