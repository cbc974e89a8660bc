// A document against the table of settings: every mistake with line and remedy, and the document
// with all defaults filled in.
#pragma once

#include <string>
#include <vector>

#include "config/setting_tree.hpp"
#include "config/yaml.hpp"

namespace mis::config {

class SettingCheck {
  public:
    explicit SettingCheck(const YamlDocument& document) : document_(document) {}

    // Fills in defaults; where something is wrong its default stands and a problem is noted.
    Json fill();

    void problem(std::string_view pointer, std::string_view text);  // "FILE:LINE: key: text"
    const std::vector<std::string>& problems() const { return problems_; }
    const YamlDocument& document() const { return document_; }

  private:
    Json fill_section(const Json& value, const SettingNode& node, const std::string& pointer);
    Json fill_value(const Json& value, const SettingNode& node, const std::string& pointer);
    Json fill_list(const Json& value, const SettingNode& node, const std::string& pointer);
    void unknown_key(const std::string& key, const SettingNode& node, const std::string& pointer);

    const YamlDocument& document_;
    std::vector<std::string> problems_;
};

bool is_http_to_this_machine(std::string_view url);

// "/sources/0/name" → "sources[0].name"
std::string key_for_people(std::string_view pointer);

// The candidate nearest to `word`, if it is near enough to be a slip.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace mis::config
