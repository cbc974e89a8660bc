// What stands in the files that a configuration names: secrets, certificates, the site's codes and
// nomenclature. They change without a change of gateway.yaml, and SIGHUP takes them in all the
// same.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/gateway_config.hpp"

namespace mis::config {

// By file; a digest of the content, empty where it cannot be read.
using FileContents = std::map<std::filesystem::path, std::string>;

FileContents file_contents(const GatewayConfig& config);

// The files whose content differs, or that are in one of the two only.
std::vector<std::filesystem::path> changed_files(
    const FileContents& before, const FileContents& after
);

}  // namespace mis::config
