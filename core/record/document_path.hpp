// Simple paths into JSON and XML values of a row. Numbers stay the text of their token: no digit is
// lost.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mis::record {

using MaybeText = std::optional<std::string>;  // nullopt: null, or not there

// Path: "visit.lines[0].price", "$.visit", "[2]"; "" is the document. Strings unescaped, numbers as
// written, true/false as 1/0, objects and lists as their JSON text. malformed: not JSON, or a path
// that is none.
Result<MaybeText> json_get(std::string_view json, std::string_view path);

// The items of the list at the path; not there or null: none. malformed also: there, but no list.
Result<std::vector<MaybeText>> json_items(std::string_view json, std::string_view path);

// XPath from the document's root: "Visit/Date", "//Line[1]/@code". Text of the first match.
// malformed: not XML, or no XPath.
Result<MaybeText> xml_get(std::string_view xml, std::string_view path);

// Every match as XML text of its own (attributes: their value).
Result<std::vector<MaybeText>> xml_items(std::string_view xml, std::string_view path);

}  // namespace mis::record
