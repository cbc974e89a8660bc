// Names as people, keyboards and old programs write them, made comparable (P9).
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/code_points.hpp"
#include "base/text.hpp"

namespace mis {
namespace {

bool is_cyrillic(std::uint32_t code) { return code >= 0x400 && code <= 0x52f; }
bool is_latin(std::uint32_t code) {
    return (code >= 'a' && code <= 'z') || (code >= 0xc0 && code <= 0x24f && code != 0xd7);
}

bool is_dash(std::uint32_t code) {
    return code == '-' || code == '_' || (code >= 0x2010 && code <= 0x2015) || code == 0x2043 ||
           code == 0x2212 || code == 0xfe58 || code == 0xfe63 || code == 0xff0d;
}

bool is_apostrophe(std::uint32_t code) {
    switch (code) {
        case '\'':
        case '`':
        case 0xb4:
        case 0x2b9:
        case 0x2bb:
        case 0x2bc:
        case 0x2bd:
        case 0x2c8:
        case 0x2ca:
        case 0x2cb:
        case 0x2018:
        case 0x2019:
        case 0x201b:
        case 0x2032:
        case 0x2035:
        case 0x55a:
        case 0xa78c:
        case 0xff07:
            return true;
        default:
            return false;
    }
}

bool is_any_space(std::uint32_t code) {
    return is_space(code) || code == 0x85 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
           code == 0x2028 || code == 0x2029 || code == 0x205f || code == 0x3000;
}

// Of a lower-case Latin letter; 0: it looks like none.
std::uint32_t look_alike(std::uint32_t latin) {
    static constexpr std::pair<std::uint32_t, std::uint32_t> kPairs[] = {
        {'a', 0x430}, {'b', 0x432},  {'c', 0x441},  {'e', 0x435},  {'h', 0x43d}, {'i', 0x456},
        {'k', 0x43a}, {'m', 0x43c},  {'o', 0x43e},  {'p', 0x440},  {'t', 0x442}, {'x', 0x445},
        {'y', 0x443}, {0xeb, 0x435}, {0xef, 0x457}, {0xe8, 0x435}, {'j', 0x458}, {'s', 0x455}};
    for (const auto& [from, to] : kPairs)
        if (from == latin) return to;
    return 0;
}

// Letters whose fold is one letter, and the marks that names are written with: most names.
std::uint32_t simple(std::uint32_t code) {
    if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
    if (code >= 0x410 && code <= 0x42f) return code + 32;
    if (code == 0x401 || code == 0x451) return 0x435;  // ё = е
    return code >= 0x430 && code <= 0x44f ? code : 0;
}

std::string composed(std::string_view text) {
    utf8proc_uint8_t* made = nullptr;
    const auto options = static_cast<utf8proc_option_t>(
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE
    );
    const auto length = utf8proc_map(
        reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
        static_cast<utf8proc_ssize_t>(text.size()), &made, options
    );
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
    return length < 0
               ? std::string()
               : std::string(reinterpret_cast<const char*>(made), static_cast<std::size_t>(length));
}

// What stands between a letter and its mark would keep the two from being composed.
std::string visible_utf8(std::string_view text) {
    std::string kept;
    while (!text.empty()) {
        std::uint32_t code = 0;
        const std::size_t length = decode(text, code);
        if (is_any_space(code) || !is_invisible(code)) kept += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return kept;
}

class Folder {
  public:
    explicit Folder(std::size_t bytes) { out_.reserve(bytes); }

    void put(std::uint32_t code) {
        if (code == 0x451) code = 0x435;
        if (is_any_space(code) || is_dash(code)) {
            gap_ = !out_.empty();
            return;
        }
        if (is_invisible(code)) return;
        if (gap_) {
            end_word();
            out_ += ' ';
            gap_ = false;
            word_ = out_.size();
        }
        cyrillic_ = cyrillic_ || is_cyrillic(code);
        latin_ = latin_ || is_latin(code);
        encode(out_, is_apostrophe(code) ? '\'' : code);
    }

    std::string take() {
        end_word();
        return std::move(out_);
    }

  private:
    std::string out_;
    std::size_t word_ = 0;  // where the last word begins
    bool gap_ = false, cyrillic_ = false, latin_ = false;

    void end_word() {
        if (cyrillic_ && latin_) {
            const std::string mixed = out_.substr(word_);
            out_.resize(word_);
            for (std::string_view rest = mixed; !rest.empty();) {
                std::uint32_t code = 0;
                rest.remove_prefix(std::max<std::size_t>(decode(rest, code), 1));
                const std::uint32_t meant = look_alike(code);
                encode(out_, meant == 0 ? code : meant);
            }
        }
        cyrillic_ = latin_ = false;
    }
};

std::string fold_thoroughly(std::string_view text) {
    Folder folder(text.size());
    const std::string whole = composed(visible_utf8(text));
    for (std::string_view rest = whole; !rest.empty();) {
        std::uint32_t code = 0;
        const std::size_t length = decode(rest, code);
        folder.put(code);
        rest.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return folder.take();
}

}  // namespace

std::string fold(std::string_view text) {
    Folder folder(text.size());
    std::string_view rest = text;
    while (!rest.empty()) {
        std::uint32_t code = 0;
        const std::size_t length = decode(rest, code);
        const std::uint32_t folded = length == 0 ? 0 : simple(code);
        if (folded == 0) break;
        folder.put(folded);
        rest.remove_prefix(length);
    }
    if (rest.empty()) return folder.take();
    // twice: a look-alike that was replaced may take a mark that its Latin letter could not
    return fold_thoroughly(fold_thoroughly(text));
}

}  // namespace mis
