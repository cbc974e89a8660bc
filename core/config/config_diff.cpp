// What SIGHUP would change: two effective documents side by side.
#include <fmt/format.h>

#include <set>

#include "config/gateway_config.hpp"
#include "config/setting_tree.hpp"

namespace mis::config {
namespace {

std::string named(const Json& entry, std::size_t index) {
    const std::string name = entry.value("name", std::string());
    return name.empty() ? std::to_string(index) : name;
}

std::string shown(const Json& value) {
    std::string text = value.dump();
    return text.size() <= 200 ? text : text.substr(0, 197) + "…";
}

void compare(
    const Json& before, const Json& after, const SettingNode& node, const std::string& key,
    std::vector<ConfigChange>& changes
);

void compare_list(
    const Json& before, const Json& after, const SettingNode& node, const std::string& key,
    std::vector<ConfigChange>& changes
) {
    std::map<std::string, const Json*> old_entries, new_entries;
    for (std::size_t index = 0; index < before.size(); ++index)
        old_entries[named(before[index], index)] = &before[index];
    for (std::size_t index = 0; index < after.size(); ++index)
        new_entries[named(after[index], index)] = &after[index];
    for (const auto& [name, entry] : old_entries) {
        const std::string here = fmt::format("{}[{}]", key, name);
        const auto found = new_entries.find(name);
        if (found == new_entries.end())
            changes.push_back({here, shown(*entry), "", SettingEffect::reload});
        else
            compare(*entry, *found->second, node, here, changes);
    }
    for (const auto& [name, entry] : new_entries)
        if (!old_entries.contains(name))
            changes.push_back(
                {fmt::format("{}[{}]", key, name), "", shown(*entry), SettingEffect::reload}
            );
}

void compare(
    const Json& before, const Json& after, const SettingNode& node, const std::string& key,
    std::vector<ConfigChange>& changes
) {
    for (const SettingNode& child : node.children) {
        const std::string here = key.empty() ? child.name : key + "." + child.name;
        const bool was = before.contains(child.name), is = after.contains(child.name);
        if (!was && !is) continue;
        if (was != is) {  // an optional section came or went
            changes.push_back(
                {here, was ? shown(before[child.name]) : "", is ? shown(after[child.name]) : "",
                 SettingEffect::restart}
            );
            continue;
        }
        const Json &old_value = before[child.name], &new_value = after[child.name];
        if (old_value == new_value) continue;
        if (child.kind() == SettingKind::sections)
            compare_list(old_value, new_value, child, here, changes);
        else if (!child.children.empty())
            compare(old_value, new_value, child, here, changes);
        else
            changes.push_back({here, shown(old_value), shown(new_value), child.setting->effect});
    }
}

}  // namespace

std::vector<ConfigChange> diff_configs(const GatewayConfig& before, const GatewayConfig& after) {
    std::vector<ConfigChange> changes;
    compare(before.effective, after.effective, setting_tree(), "", changes);
    return changes;
}

}  // namespace mis::config
