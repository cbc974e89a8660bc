// A key that is an integer in its only spelling ("42", not "042"). Such keys stand before all
// others, in the order of their numbers: in the store, and in what is read in the order of its
// keys.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mis {

inline std::optional<std::int64_t> integer_key(std::string_view text) {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || digits.size() > 18 || (digits.front() == '0' && text.size() > 1))
        return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace mis
