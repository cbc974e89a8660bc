// Texts that are written often and read seldom, packed as LZ4 frames (the lz4 tool reads them).
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mis {

// One frame, with its plain size and a checksum. Several hundred MB a second; a fifth of JSON
// stays.
std::string lz4_packed(std::string_view plain);

// malformed: no such frame, damaged, cut off, or followed by anything.
Result<std::string> lz4_unpacked(std::string_view frame);

}  // namespace mis
