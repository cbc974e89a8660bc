#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace mis {
namespace {

// Decodes one code point; returns its length in bytes, 0 for invalid UTF-8.
std::size_t decode(std::string_view text, std::uint32_t& code) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = at(0);
    if (lead < 0x80) {
        code = lead;
        return 1;
    }
    const std::size_t length = lead >= 0xf0 && lead <= 0xf4  ? 4
                               : lead >= 0xe0 && lead < 0xf0 ? 3
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                                                             : 0;
    if (length == 0 || text.size() < length) return 0;
    code = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xc0) != 0x80) return 0;
        code = (code << 6) | (at(i) & 0x3fU);
    }
    if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff)))
        return 0;
    if (code >= 0xd800 && code <= 0xdfff) return 0;
    return length;
}

void encode(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3f));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

std::uint32_t lower(std::uint32_t code) {
    if (code >= 'A' && code <= 'Z') return code + 32;
    if (code >= 0x410 && code <= 0x42f) return code + 32;  // А–Я
    if (code >= 0x400 && code <= 0x40f) return code + 80;  // Ѐ–Џ, with Ё, Є, І, Ї, Ў
    if (code == 0x490) return 0x491;                       // Ґ
    return code;
}

std::uint32_t upper(std::uint32_t code) {
    if (code >= 'a' && code <= 'z') return code - 32;
    if (code >= 0x430 && code <= 0x44f) return code - 32;
    if (code >= 0x450 && code <= 0x45f) return code - 80;
    return code;
}

bool is_space(std::uint32_t code) {
    return code == ' ' || (code >= '\t' && code <= '\r') || code == 0xa0 || code == 0x202f ||
           code == 0x2009 || code == 0xfeff;
}

template <typename Change>
std::string map_code_points(std::string_view text, Change change) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text[0]);
        if (byte < 0x80) {
            encode(out, change(byte));
            text.remove_prefix(1);
            continue;
        }
        std::uint32_t code = 0;
        const std::size_t length = decode(text, code);
        if (length == 0) {  // keep what is not UTF-8 as it is: the caller checked where it matters
            out += text[0];
            text.remove_prefix(1);
            continue;
        }
        encode(out, change(code));
        text.remove_prefix(length);
    }
    return out;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        if (static_cast<unsigned char>(text[0]) < 0x80) {
            text.remove_prefix(1);
            continue;
        }
        std::uint32_t code = 0;
        const std::size_t length = decode(text, code);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

// Nearly every text begins and ends with one of these, and needs no look at its code points.
static bool is_visible_ascii(char c) { return c > ' ' && c != '\x7f'; }

std::string_view trim(std::string_view text) {
    if (!text.empty() && is_visible_ascii(text.front()) && is_visible_ascii(text.back()))
        return text;
    while (!text.empty()) {
        std::uint32_t code = 0;
        const std::size_t length = decode(text, code);
        if (length == 0 || !is_space(code)) break;
        text.remove_prefix(length);
    }
    while (!text.empty()) {
        std::size_t start = text.size() - 1;
        while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) --start;
        std::uint32_t code = 0;
        if (decode(text.substr(start), code) == 0 || !is_space(code)) break;
        text = text.substr(0, start);
    }
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::string to_lower(std::string_view text) { return map_code_points(text, lower); }

std::string fold(std::string_view text) {
    std::string out;
    bool gap = false;
    text = trim(text);
    while (!text.empty()) {
        std::uint32_t code = 0;
        const std::size_t length = decode(text, code);
        if (length == 0) {
            text.remove_prefix(1);
            continue;
        }
        text.remove_prefix(length);
        if (is_space(code) || code == '-' || code == 0x2010 || code == 0x2011 || code == 0x2013) {
            gap = !out.empty();
            continue;
        }
        if (gap) out += ' ';
        gap = false;
        code = lower(code);
        encode(out, code == 0x451 ? 0x435 : code);  // ё = е
    }
    return out;
}

std::optional<std::string> phone_last_ten(std::string_view text) {
    std::string digits;
    for (const char c : text)
        if (c >= '0' && c <= '9') digits += c;
    if (digits.size() < 10) return std::nullopt;
    return digits.substr(digits.size() - 10);
}

std::string fold_code(std::string_view code) {
    const bool folded = std::all_of(code.begin(), code.end(), [](char c) {
        return is_visible_ascii(c) && (c < 'a' || c > 'z');
    });
    if (folded) return std::string(code);
    return map_code_points(trim(code), [](std::uint32_t point) -> std::uint32_t {
        switch (upper(point)) {
            case 0x410:
                return 'A';
            case 0x412:
                return 'B';
            case 0x415:
                return 'E';
            case 0x41a:
                return 'K';
            case 0x41c:
                return 'M';
            case 0x41d:
                return 'H';
            case 0x41e:
                return 'O';
            case 0x420:
                return 'P';
            case 0x421:
                return 'C';
            case 0x422:
                return 'T';
            case 0x425:
                return 'X';
            default:
                return upper(point);
        }
    });
}

}  // namespace mis
