// JSON documents, and the canonical form that ids and hashes are made of.
//
// Canonical JSON here: keys sorted bytewise, no white space, UTF-8 unescaped but for what JSON
// requires, integers only (floating point never occurs in our documents: decimals are strings,
// money is minor units). nlohmann's default object is a sorted map, so dump() is canonical.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/money.hpp"
#include "base/result.hpp"

extern template class nlohmann::basic_json<>;  // compiled once, in json.cpp

namespace mis {

using Json = nlohmann::json;

// Parses a whole document. malformed: not JSON, nested deeper than 64, a floating-point number
// anywhere, duplicate keys, or invalid UTF-8.
Result<Json> parse_json(std::string_view text);

std::string canonical_json(const Json& document);

Json to_json_value(const Money& money);  // {"currency":"RUB","minor":450000}
// nullopt: not of that form, or beyond 64 bits; kMinorMax is the caller's question.
std::optional<Money> money_from_json(const Json& value);
// nullopt: no whole number, or beyond 64 bits.
std::optional<std::int64_t> whole_number(const Json& value);

// Appends text as a JSON string, quotes included; for hot paths that write JSON by hand.
void append_json_string(std::string& out, std::string_view text);

}  // namespace mis
