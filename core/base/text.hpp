// Text as clinics write it: UTF-8 checks, case folding for Russian and Latin, phones, look-alike
// letters in codes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mis {

bool is_valid_utf8(std::string_view text);
std::string_view trim(std::string_view text);  // ASCII and no-break spaces
std::vector<std::string_view> split(std::string_view text, char separator);
std::string to_lower(std::string_view text
);  // ASCII, Cyrillic (Russian, Ukrainian, Belarusian letters)

// For comparing names (P9): trimmed, inner white space and hyphens to one space, lower case, ё = е.
std::string fold(std::string_view text);

// For comparing phones (P9): the last ten digits; nullopt when there are fewer.
std::optional<std::string> phone_last_ten(std::string_view text);

// I8: Cyrillic А В Е К М Н О Р С Т Х (either case) read as the Latin letter; trimmed, upper case.
std::string fold_code(std::string_view code);

}  // namespace mis
