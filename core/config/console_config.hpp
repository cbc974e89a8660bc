// The section `console`: where the console for the clinic's people listens.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace mis::config {

class SettingCheck;

struct ConsoleConfig {
    std::string address = "127.0.0.1";  // literal
    int port = 9465;
    std::filesystem::path certificate_file, key_file;  // both, or none
    std::vector<std::string> hosts;                    // names by which it is called, besides
};

bool is_loopback_address(std::string_view address);

// `part`: the section as it is written, defaults not filled in.
void check_console(SettingCheck& check, const Json& part, const std::string& pointer);

}  // namespace mis::config
