#include "net/http_date.hpp"

#include <curl/curl.h>

#include <string>

namespace mis::net {

std::optional<std::int64_t> http_date(std::string_view text) {
    // libcurl also takes bare numbers and words, which are no dates of HTTP
    const bool is_date = text.find(':') != std::string_view::npos &&
                         text.find_first_of("abcdefghijklmnopqrstuvwxyz") != std::string_view::npos;
    if (!is_date || text.size() > 64) return std::nullopt;
    const auto seconds = curl_getdate(std::string(text).c_str(), nullptr);
    if (seconds < 0) return std::nullopt;
    return static_cast<std::int64_t>(seconds);
}

}  // namespace mis::net
