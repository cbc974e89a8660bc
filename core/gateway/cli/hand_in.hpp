// Messages of the exchange from a file, for `inbox push` and `restore --messages`.
#pragma once

#include <filesystem>

#include "gateway/cli/session.hpp"

namespace mis::gateway::cli {

// Each is stored by itself and answered on standard output. How many were refused is returned.
// misconfigured, malformed: the file cannot be read, and nothing was taken.
Result<int> hand_in_messages(Session& session, Output output, const std::filesystem::path& file);

}  // namespace mis::gateway::cli
