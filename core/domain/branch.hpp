// The name of a branch in Rules::branch_zones: two sources of one clinic may use the same ids.
#pragma once

#include <string>
#include <string_view>

namespace mis::domain {

// Empty source: of the configuration, over what any source's records say.
inline std::string branch_of(std::string_view source, std::string_view branch_source_id) {
    std::string name(source);
    name += '\n';  // stands in no source's name
    name += branch_source_id;
    return name;
}

}  // namespace mis::domain
