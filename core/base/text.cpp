#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/code_points.hpp"

namespace mis {

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

bool is_space(std::uint32_t code) {
    return code == ' ' || (code >= '\t' && code <= '\r') || code == 0xa0 || code == 0x202f ||
           code == 0x2009 || code == 0xfeff;
}

bool is_invisible(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0xad || code == 0x34f ||
           code == 0x61c || code == 0x115f || code == 0x1160 ||
           (code >= 0x17b4 && code <= 0x17b5) || (code >= 0x180b && code <= 0x180f) ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0x3164 || code == 0xfeff ||
           (code >= 0xfff0 && code <= 0xfffb) || code == 0xffa0 ||
           (code >= 0xe0000 && code <= 0xe0fff);
}

namespace {

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

namespace {

// Bytes with which every code point that is_invisible() begins; few others.
constexpr std::array<bool, 256> invisible_leads() {
    std::array<bool, 256> leads{};
    for (std::size_t c = 0; c < 0x20; ++c) leads[c] = true;
    for (const unsigned c : {0x7fU, 0xc2U, 0xcdU, 0xd8U, 0xe1U, 0xe2U, 0xe3U, 0xefU, 0xf3U})
        leads[c] = true;
    return leads;
}
constexpr auto kInvisibleLeads = invisible_leads();

bool may_hold_invisible(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return kInvisibleLeads[static_cast<unsigned char>(c)];
    });
}

constexpr std::uint32_t kReplacement = 0xfffd;

// Calls visit(code, bytes) for every code point; kReplacement for a byte that is not UTF-8.
template <typename Visit>
void for_each_code_point(std::string_view text, const Visit& visit) {
    while (!text.empty()) {
        std::uint32_t code = 0;
        std::size_t length = decode(text, code);
        if (length == 0) {
            code = kReplacement;
            length = 1;
        }
        visit(code, text.substr(0, length));
        text.remove_prefix(length);
    }
}

bool is_line_space(std::uint32_t code) {
    return (code >= '\t' && code <= '\r') || code == 0x85 || code == 0x2028 || code == 0x2029;
}

}  // namespace

bool has_invisible(std::string_view text) {
    if (!may_hold_invisible(text)) return false;
    bool found = false;
    for_each_code_point(text, [&](std::uint32_t code, std::string_view) {
        found = found || is_invisible(code);
    });
    return found;
}

std::optional<VisibleText> without_invisible(std::string_view text, LineBreaks breaks) {
    if (!may_hold_invisible(text)) return std::nullopt;
    VisibleText clean;
    bool changed = false;
    for_each_code_point(text, [&](std::uint32_t code, std::string_view bytes) {
        if (is_line_space(code)) {
            const bool kept =
                breaks == LineBreaks::kept && (code == '\n' || code == '\r' || code == '\t');
            changed = changed || !kept;
            clean.text += kept ? bytes : std::string_view(" ");
        } else if (is_invisible(code)) {
            changed = clean.dropped = true;
        } else if (code == kReplacement) {
            encode(clean.text, code);  // or what is dropped behind a broken byte would mend it
        } else {
            clean.text += bytes;
        }
    });
    if (!changed) return std::nullopt;
    return clean;
}

std::string escape_invisible(std::string_view text, LineBreaks breaks) {
    std::string out;
    if (!may_hold_invisible(text)) return out.assign(text);
    out.reserve(text.size() + 8);
    for_each_code_point(text, [&](std::uint32_t code, std::string_view bytes) {
        const bool is_break = code == '\n' || code == '\t';
        if (!is_invisible(code) || (is_break && breaks == LineBreaks::kept)) {
            out += bytes;
            return;
        }
        const auto put = [&](std::uint32_t unit) {
            static constexpr char kHex[] = "0123456789abcdef";
            out += "\\u";
            for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 15];
        };
        if (code > 0xffff) put(0xd7c0 + (code >> 10));
        put(code > 0xffff ? 0xdc00 + (code & 0x3ff) : code);
    });
    return out;
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
