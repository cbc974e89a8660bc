#include "source/firebird/charsets.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace mis::source::firebird {
namespace {

std::size_t ascii_prefix(std::string_view bytes) {
    const auto first = std::find_if(bytes.begin(), bytes.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x80;
    });
    return static_cast<std::size_t>(first - bytes.begin());
}

bool is_single_byte(std::string_view name) {
    return name.starts_with("WIN125") || name.starts_with("ISO8859") || name.starts_with("CP") ||
           name.starts_with("KOI8");
}

std::size_t first_bad_utf8(std::string_view bytes) {
    std::size_t good = 0;
    while (good < bytes.size()) {
        std::size_t next = good + 1;
        while (next < bytes.size() && (static_cast<unsigned char>(bytes[next]) & 0xc0) == 0x80)
            ++next;
        if (!is_valid_utf8(bytes.substr(good, next - good))) break;
        good = next;
    }
    return good;
}

std::size_t characters_end(std::string_view text, std::size_t begin) {
    std::size_t end = begin + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    return end;
}

}  // namespace

std::string iconv_name(std::string_view firebird_name) {
    if (firebird_name.starts_with("DOS")) return "CP" + std::string(firebird_name.substr(3));
    if (firebird_name == "UNICODE_FSS" || firebird_name == "UTF-8") return "UTF8";
    return std::string(firebird_name);
}

Result<TextDecoder> TextDecoder::of(std::string_view firebird_name) {
    TextDecoder decoder(iconv_name(firebird_name));
    if (decoder.name_ == "NONE" || decoder.name_ == "ASCII") return decoder;
    if (decoder.name_ == "UTF8") {
        decoder.kind_ = Kind::utf8;
        return decoder;
    }
    auto converter = CharsetConverter::to_utf8(decoder.name_);
    if (!converter)
        return fail(converter.error().within(fmt::format("character set {}", firebird_name)));
    if (!is_single_byte(decoder.name_)) {
        decoder.kind_ = Kind::converter;
        decoder.converter_ = *std::move(converter);
        return decoder;
    }
    decoder.kind_ = Kind::table;
    for (std::size_t i = 0; i < decoder.upper_half_.size(); ++i) {
        const char byte = static_cast<char>(i + 0x80);
        auto text = converter->convert(std::string_view(&byte, 1));
        if (!text) continue;
        decoder.reverse_.emplace(*text, byte);
        decoder.upper_half_[i] = *std::move(text);
    }
    return decoder;
}

std::optional<std::size_t> TextDecoder::append(std::string_view bytes, std::string& out) {
    const std::size_t ascii = ascii_prefix(bytes);
    if (ascii == bytes.size()) {
        out.append(bytes);
        return std::nullopt;
    }
    switch (kind_) {
        case Kind::ascii:
            return ascii;
        case Kind::utf8:
            if (!is_valid_utf8(bytes)) return first_bad_utf8(bytes);
            out.append(bytes);
            return std::nullopt;
        case Kind::converter: {
            auto text = converter_->convert(bytes);
            if (!text) return ascii;
            out += *text;
            return std::nullopt;
        }
        case Kind::table:
            break;
    }
    const std::size_t before = out.size();
    out.append(bytes.substr(0, ascii));
    for (std::size_t i = ascii; i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        if (byte < 0x80) {
            out.push_back(bytes[i]);
            continue;
        }
        const std::string& text = upper_half_[byte - 0x80];
        if (text.empty()) {
            out.resize(before);
            return i;
        }
        out += text;
    }
    return std::nullopt;
}

Result<std::string> TextDecoder::encode(std::string_view utf8) const {
    if (kind_ == Kind::utf8 || ascii_prefix(utf8) == utf8.size()) return std::string(utf8);
    std::string bytes;
    for (std::size_t i = 0; i < utf8.size();) {
        const std::size_t end = characters_end(utf8, i);
        const std::string_view character = utf8.substr(i, end - i);
        i = end;
        if (static_cast<unsigned char>(character[0]) < 0x80) {
            bytes += character;
        } else if (const auto found = reverse_.find(character); found != reverse_.end()) {
            bytes.push_back(found->second);
        } else {
            return fail(
                ErrorKind::malformed, fmt::format("a character is not in the set {}", name_)
            );
        }
    }
    return bytes;
}

Result<TextDecoder*> Charsets::decoder(int charset_id) {
    if (const auto found = decoders_.find(charset_id); found != decoders_.end())
        return &found->second;
    const auto name = names_.find(charset_id);
    auto decoder = charset_id == kNone ? TextDecoder::of(for_none_)
                   : name == names_.end()
                       ? Result<TextDecoder>(fail(
                             ErrorKind::misconfigured,
                             fmt::format("character set number {} has no name", charset_id)
                         ))
                       : TextDecoder::of(name->second);
    if (!decoder) return fail(decoder.error());
    return &decoders_.emplace(charset_id, *std::move(decoder)).first->second;
}

}  // namespace mis::source::firebird
