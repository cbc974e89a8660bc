// Text as clinics write it: UTF-8 checks, case folding for Russian and Latin, look-alike
// letters in codes, characters that nobody sees.
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

// For comparing names (P9): composed (NFC), without case, ё = е; soft hyphens and what takes no
// room left out; all white space and dashes as one space, all apostrophes as '; Latin letters that
// look like Cyrillic ones read as these in a word that has both. Trimmed. Folding twice changes
// nothing.
std::string fold(std::string_view text);

// Control, bidirectional and zero-width characters: is one in it?
bool has_invisible(std::string_view text);
enum class LineBreaks { kept, spaces };  // also tabs
struct VisibleText {
    std::string text;
    bool dropped = false;  // something besides white space
};
// The text without them; nullopt: it is as it should be.
std::optional<VisibleText> without_invisible(std::string_view text, LineBreaks breaks);
// For terminals and tables: \u001b in their place, as JSON writes them.
std::string escape_invisible(std::string_view text, LineBreaks breaks = LineBreaks::spaces);

// I8: Cyrillic А В Е К М Н О Р С Т Х (either case) read as the Latin letter; trimmed, upper case.
std::string fold_code(std::string_view code);

}  // namespace mis
