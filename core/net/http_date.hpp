// Dates of HTTP headers (RFC 9110, 5.6.7), read by libcurl.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mis::net {

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or "Sun Nov  6 08:49:37 1994"
// as seconds since 1970; nullopt: none of them.
std::optional<std::int64_t> http_date(std::string_view text);

}  // namespace mis::net
