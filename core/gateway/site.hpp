// What a site says over its connector: values, codes of its own, SQL files of its own
// (architecture, "Sites differ").
#pragma once

#include "base/result.hpp"
#include "config/gateway_config.hpp"
#include "gateway/source_worker.hpp"

namespace mis::gateway {

// Everything that changes what a row means goes into the streams' mapping versions, so that it is
// never taken for a change by the MIS. An override whose shipped file has changed since stops its
// stream, and only that one. misconfigured with the file and the remedy.
Result<void> apply_site(SourceSetup& setup, const config::SourceConfig& source, Zone clinic_zone);

}  // namespace mis::gateway
