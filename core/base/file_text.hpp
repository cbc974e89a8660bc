// Text files as people save them: which encoding they are in where it is not UTF-8, and what is
// wrong with a JSON document, each with its line. And texts that may hold anything, made fit for
// one line of a terminal or log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace mis {

struct EncodingFault {
    int line = 1;      // the first that is not UTF-8
    std::string text;  // "not UTF-8 but, as it seems, Windows-1251: save it as UTF-8, …"
};
// nullopt: it is UTF-8 and has no NUL.
std::optional<EncodingFault> encoding_fault(std::string_view bytes);

// parse_json() of a file's whole text: malformed with "FILE:LINE: not valid JSON: what: remedy".
// Content never enters the text.
Result<Json> parse_json_file(std::string_view text, const std::string& file);

// Control characters as \n, \x1b; bytes that are no UTF-8 as \xff. `spared`: characters that stay.
std::string escape_controls(std::string_view text, std::string_view spared = "");

}  // namespace mis
