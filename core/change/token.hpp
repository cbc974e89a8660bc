// Growing tokens by which rows say when they changed (source/row_reader.hpp, token_bound): compared
// as texts, a shorter one is lower; "0x" and 16 hex digits is a number.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mis::change {

inline bool token_below(std::string_view a, std::string_view b) {
    return a.size() == b.size() ? a < b : a.size() < b.size();
}

inline std::optional<std::uint64_t> token_number(std::string_view token) {
    if (token.size() != 18 || !token.starts_with("0x")) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(token.data() + 2, token.data() + token.size(), number, 16);
    if (error != std::errc{} || end != token.data() + token.size()) return std::nullopt;
    return number;
}

inline std::string token_text(std::uint64_t number) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text = "0x0000000000000000";
    for (std::size_t at = text.size(); number > 0; number >>= 4) text[--at] = kDigits[number & 15];
    return text;
}

}  // namespace mis::change
