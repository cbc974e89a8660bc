// The character sets of one base: bytes of a column in set N into UTF-8, and parameters back. One
// thread.
//
// Single-byte sets go through a table of 256 entries made once from base/charset.hpp; UTF-8 is
// checked, not copied through a converter.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/charset.hpp"

namespace mis::source::firebird {

inline constexpr int kNone = 0, kOctets = 1,
                     kAscii = 2;  // Firebird's numbers, the same in every version

// Firebird's name of a set as base/charset.hpp knows it: DOS866 → CP866, NONE and UNICODE_FSS as
// they are.
std::string iconv_name(std::string_view firebird_name);

class TextDecoder {
  public:
    static Result<TextDecoder> of(std::string_view firebird_name);

    // Appends UTF-8; nullopt: done, else the offset of the byte that the set does not have (nothing
    // was appended).
    std::optional<std::size_t> append(std::string_view bytes, std::string& out);
    Result<std::string> encode(std::string_view utf8
    ) const;  // malformed: a character that the set lacks
    const std::string& name() const { return name_; }

  private:
    enum class Kind { ascii, utf8, table, converter };
    explicit TextDecoder(std::string name) : name_(std::move(name)) {}
    std::string name_;
    Kind kind_ = Kind::ascii;
    std::array<std::string, 128> upper_half_;  // empty: the set has no such byte
    std::map<std::string, char, std::less<>> reverse_;
    std::optional<CharsetConverter> converter_;
};

class Charsets {
  public:
    // names: RDB$CHARACTER_SETS; for_none: the set of columns that declare none, "NONE" if nobody
    // said.
    Charsets(std::map<int, std::string> names, std::string for_none)
        : names_(std::move(names)), for_none_(std::move(for_none)) {}

    // misconfigured: a set that this machine cannot convert. The decoder lives as long as this.
    Result<TextDecoder*> decoder(int charset_id);

  private:
    std::map<int, std::string> names_;
    std::string for_none_;
    std::map<int, TextDecoder> decoders_;
};

}  // namespace mis::source::firebird
