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

// One parameter of a query string ("a=1&b=x%20y"), percent-decoded; empty when absent or badly
// encoded.
std::string query_parameter(std::string_view query, std::string_view name);

}  // namespace mis::net
