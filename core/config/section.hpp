// The parts of the effective document, typed. Everything was checked: a wrong type here is a
// mistake of ours. Private to core/config: the readers of its sections share it.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "config/connection_config.hpp"
#include "config/setting_check.hpp"
#include "config/yaml.hpp"

namespace mis::config {

inline std::string setting_place(const YamlDocument& document, std::string_view pointer) {
    return fmt::format("{}: {}", document.where(pointer), key_for_people(pointer));
}

class Section {
  public:
    Section(
        const Json& value, std::filesystem::path folder, const YamlDocument& document,
        std::string pointer = {}
    )
        : value_(value),
          folder_(std::move(folder)),
          document_(document),
          pointer_(std::move(pointer)) {}

    std::string text(const char* key) const { return value_.at(key).get<std::string>(); }
    int number(const char* key) const { return value_.at(key).get<int>(); }
    std::int64_t big_number(const char* key) const { return value_.at(key).get<std::int64_t>(); }
    bool flag(const char* key) const { return value_.at(key).get<bool>(); }
    std::filesystem::path path(const char* key) const { return resolve(text(key)); }
    SecretPlace secret(const char* file_key, const char* environment_key) const {
        const std::string variable = environment_key == nullptr ? "" : text(environment_key);
        return {path(file_key), variable, setting(variable.empty() ? file_key : environment_key)};
    }
    const std::string& pointer() const { return pointer_; }
    std::string setting(const char* key) const {
        return setting_place(document_, pointer_to(pointer_, key));
    }
    const Json& operator[](const char* key) const { return value_.at(key); }
    Section at(const char* key) const {
        return {value_.at(key), folder_, document_, pointer_to(pointer_, key)};
    }
    std::vector<Section> list(const char* key) const {
        std::vector<Section> parts;
        const std::string here = pointer_to(pointer_, key);
        for (const Json& part : value_.at(key))
            parts.emplace_back(part, folder_, document_, pointer_to(here, parts.size()));
        return parts;
    }
    bool has(const char* key) const { return value_.contains(key); }
    std::filesystem::path resolve(const std::string& text) const {
        if (text.empty()) return {};
        return (folder_ / text).lexically_normal();  // an absolute path stays what it is
    }

  private:
    const Json& value_;
    std::filesystem::path folder_;
    const YamlDocument& document_;
    std::string pointer_;
};

}  // namespace mis::config
