// Templates filled in: into a URL, a header, JSON, a form, XML; each with that place's own
// escaping.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "source/http/request.hpp"

namespace mis::source::http {

using Values = std::map<std::string, std::string, std::less<>>;

// misconfigured: nobody has a value of that name, or it holds what the place cannot take.
Result<std::string> plain(const Template& text, const Values& values);
Result<std::string> in_path(const Template& text, const Values& values);
Result<std::string> in_header(const Template& text, const Values& values);
Result<std::string> as_form(const Fields& fields, const Values& values);  // of a query, too
Result<std::string> as_xml(const Template& text, const Values& values);
Result<Json> as_json(const Json& value, const Values& values);

std::string percent_encoded(std::string_view text);

}  // namespace mis::source::http
