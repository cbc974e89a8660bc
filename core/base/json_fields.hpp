// Fields of a document that others wrote: what is not of the wanted type counts as not given.
#pragma once

#include <string>

#include "base/json.hpp"

namespace mis {

// Empty: no such field, no text, or no object.
inline std::string text_in(const Json& document, const char* field) {
    const auto found = document.find(field);
    return found != document.end() && found->is_string() ? found->get<std::string>()
                                                         : std::string();
}

}  // namespace mis
