#include "base/file_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace mis {
namespace {

// Length of the UTF-8 character at the beginning; 0: none.
std::size_t character_length(std::string_view text) {
    for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length)
        if (is_valid_utf8(text.substr(0, length))) return length;
    return 0;
}

std::size_t utf8_length(std::string_view bytes) {
    std::size_t good = 0;
    while (good < bytes.size()) {
        const std::size_t length = character_length(bytes.substr(good));
        if (length == 0) break;
        good += length;
    }
    return good;
}

int line_at(std::string_view bytes, std::size_t offset) {
    const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(std::min(offset, bytes.size()));
    return 1 + static_cast<int>(std::count(bytes.begin(), end, '\n'));
}

// Russian small letters stand at e0–ff in Windows-1251, at a0–af and e0–ef in CP866, c0–df in
// KOI8-R. Most letters of a text are small.
struct Guess {
    const char* name;
    const char* iconv;
};
Guess guess_single_byte(std::string_view bytes) {
    std::size_t windows = 0, dos = 0, koi8 = 0;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0xf0) ++windows;
        if (byte >= 0xa0 && byte <= 0xaf) ++dos;
        if (byte >= 0xc0 && byte <= 0xdf) ++koi8;
        if (byte >= 0xe0 && byte <= 0xef) ++windows, ++dos;
    }
    if (koi8 > windows && koi8 > dos) return {"KOI8-R", "koi8-r"};
    if (dos > windows) return {"CP866", "cp866"};
    return {"Windows-1251", "cp1251"};
}

}  // namespace

std::optional<EncodingFault> encoding_fault(std::string_view bytes) {
    const auto save_as = [](std::string_view what, std::string_view iconv) {
        return fmt::format(
            "not UTF-8 but, as it seems, {}: save it as UTF-8, such as with `iconv -f {} -t utf-8`",
            what, iconv
        );
    };
    if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
        return EncodingFault{1, save_as("UTF-16 (\"Unicode\")", "utf-16")};
    // without its mark UTF-16 shows by a NUL beside every Latin letter
    const auto nuls = static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\0'));
    if (nuls > 0 && nuls >= bytes.size() / 4) {
        const bool little = bytes.size() > 1 && bytes[1] == '\0';
        return EncodingFault{1, save_as("UTF-16", little ? "utf-16le" : "utf-16be")};
    }
    const std::size_t good = utf8_length(bytes);
    if (good < bytes.size()) {
        const Guess guess = guess_single_byte(bytes);
        return EncodingFault{line_at(bytes, good), save_as(guess.name, guess.iconv)};
    }
    if (nuls > 0)
        return EncodingFault{
            line_at(bytes, bytes.find('\0')),
            "a NUL byte in it: take it out; this is no text file"};
    return std::nullopt;
}

std::string escape_controls(std::string_view text, std::string_view spared) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        const auto byte = static_cast<unsigned char>(text[0]);
        const bool c1 = length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
        if (length == 1 && (byte < ' ' || byte == 0x7f) &&
            spared.find(text[0]) == std::string_view::npos) {
            constexpr std::string_view kNamed = "\a\b\t\n\v\f\r", kNames = "abtnvfr";
            if (const auto named = kNamed.find(text[0]); named != kNamed.npos)
                out += {'\\', kNames[named]};
            else
                out += fmt::format("\\x{:02x}", byte);
        } else if (length == 0) {
            out += fmt::format("\\x{:02x}", byte);
        } else if (c1) {
            out += fmt::format("\\u00{:02x}", static_cast<unsigned char>(text[1]));
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(1, length));
    }
    return out;
}

}  // namespace mis
