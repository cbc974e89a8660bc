// gzip (RFC 1952) of whole bodies in memory: bodies here are at most a few megabytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mis::net {

// level 1 (fast) … 9 (small). By libdeflate, which takes half of zlib's time; what it works with
// (some 200 KB) is kept by each thread that packs.
std::string gzip(std::string_view plain, int level);

// malformed: not gzip, cut off, followed by garbage, or larger than plain_bytes_max when unpacked
// (a bomb is never unpacked further).
Result<std::string> gunzip(std::string_view packed, std::size_t plain_bytes_max);

struct Unpacked {
    std::string plain;
    bool is_cut = false;  // there is more than plain_bytes_max
};

// The beginning of what was packed as gzip, zlib ("deflate" as the standard means it) or bare
// deflate (as some mean it). malformed: none of these, damaged or cut off before that much is out.
Result<Unpacked> unpack(std::string_view packed, std::size_t plain_bytes_max);

}  // namespace mis::net
