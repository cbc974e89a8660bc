// Code points of UTF-8, one at a time; for the readers of text in base.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mis {

// The first code point of a text that is not empty; returns its length in bytes, 0 for what is not
// UTF-8.
std::size_t decode(std::string_view text, std::uint32_t& code);
void encode(std::string& out, std::uint32_t code);

bool is_space(std::uint32_t code);  // ASCII white space, no-break and thin spaces

// What no reader sees and any reader may stumble over: control characters (white space such as a
// line break among them), soft hyphen, zero-width and bidirectional marks.
bool is_invisible(std::uint32_t code);

}  // namespace mis
