// The one question whether a disk has room, for reading, for probing a store that was full, and
// before a store is copied.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"

namespace mis::gateway {

// unavailable, naming folder and remedy: less than so much is free. A disk that does not tell has
// room: writing will say.
Result<void> check_free_space(const std::filesystem::path& folder, std::uint64_t bytes_min);

}  // namespace mis::gateway
