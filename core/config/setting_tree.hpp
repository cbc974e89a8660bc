// The settings as a tree, for those who walk a document beside it: the checks and the generated
// files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace mis::config {

struct SettingNode {
    const Setting* setting = nullptr;  // null: the root
    std::string name;                  // last part of the path, without []
    std::vector<SettingNode> children;

    const SettingNode* child(std::string_view wanted) const {
        for (const SettingNode& node : children)
            if (node.name == wanted) return &node;
        return nullptr;
    }
    SettingKind kind() const { return setting == nullptr ? SettingKind::section : setting->kind; }
    bool is_required() const {
        return setting != nullptr && setting->fallback.empty() && kind() != SettingKind::section &&
               kind() != SettingKind::optional_section;
    }
    Json fallback() const { return Json::parse(setting->fallback); }
};

const SettingNode& setting_tree();

}  // namespace mis::config
