// What HTTP client and server share: header lists. Order is kept, names compare without case.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mis::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The first value of that name; empty when absent.
std::string_view find_header(const Headers& headers, std::string_view name);

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII

}  // namespace mis::net
