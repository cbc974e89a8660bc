#include "config/setting_tree.hpp"

#include "base/text.hpp"

namespace mis::config {
namespace {

SettingNode build() {
    SettingNode root;
    for (const Setting& setting : settings()) {
        SettingNode* parent = &root;
        const auto parts = split(setting.path, '.');
        for (std::size_t depth = 0; depth < parts.size(); ++depth) {
            std::string name(parts[depth]);
            if (name.ends_with("[]")) name.resize(name.size() - 2);
            SettingNode* found = nullptr;
            for (SettingNode& node : parent->children)
                if (node.name == name) found = &node;
            if (found == nullptr) {
                MIS_ASSERT(depth + 1 == parts.size());  // the table lists parents first
                parent->children.push_back({&setting, std::move(name), {}});
            } else {
                parent = found;
            }
        }
    }
    return root;
}

}  // namespace

const SettingNode& setting_tree() {
    static const SettingNode root = build();
    return root;
}

}  // namespace mis::config
