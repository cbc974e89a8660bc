// Single bytes of text, whatever the locale: std::isdigit and its like ask it, and take an int.
#pragma once

#include <algorithm>
#include <string_view>

namespace mis {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
constexpr bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return is_ascii(c); });
}

}  // namespace mis
