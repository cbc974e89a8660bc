#include "gateway/keeping/free_space.hpp"

namespace mis::gateway {

Result<void> check_free_space(const std::filesystem::path& folder, std::uint64_t bytes_min) {
    std::error_code untold;
    const auto space = std::filesystem::space(folder, untold);
    if (untold || space.available >= bytes_min) return {};
    return fail(
        ErrorKind::unavailable,
        "only " + std::to_string(space.available >> 20) + " MB are free in " + folder.string() +
            ", at least " + std::to_string(bytes_min >> 20) + " MB are needed: free some disk space"
    );
}

}  // namespace mis::gateway
