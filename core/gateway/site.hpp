// What a site says over its connector: values, codes of its own, SQL files of its own
// (core/README.md, "Sites differ").
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/gateway_config.hpp"
#include "gateway/pipeline/source_worker.hpp"

namespace mis::gateway {

// Everything that changes what a row means goes into the streams' mapping versions, so that it is
// never taken for a change by the MIS. An override whose shipped file has changed since stops its
// stream, and only that one. misconfigured with the setting's file and line, and the remedy.
Result<void> apply_site(
    SourceSetup& setup, const config::SourceConfig& source, const config::GatewayConfig& config
);

// Keys under `site:` that neither the connector declares nor any of its files, or the site's own,
// asks for: most likely misspelt, and then silently without effect. One text each, with file, line
// and the nearest known key. No error: an upgraded connector may have given a key up.
std::vector<std::string> unknown_site_keys(
    const SourceSetup& setup, const config::SourceConfig& source,
    const config::GatewayConfig& config
);

}  // namespace mis::gateway
