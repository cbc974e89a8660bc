// Byte strings of clinic databases into UTF-8. Shapes: whole values only, never a part cut inside a
// character.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mis {

class CharsetConverter {  // one per thread; iconv behind it
  public:
    // "WIN1251", "CP866", "KOI8R", "UTF8", "ISO8859_5" and iconv's own names; misconfigured:
    // unknown set.
    static Result<CharsetConverter> to_utf8(std::string_view charset);
    CharsetConverter(CharsetConverter&&) noexcept;
    CharsetConverter& operator=(CharsetConverter&&) noexcept;
    ~CharsetConverter();

    // malformed: a byte that the set does not have (its offset is said, never the text).
    Result<std::string> convert(std::string_view bytes);

  private:
    struct Handle;
    explicit CharsetConverter(std::unique_ptr<Handle> handle);
    std::unique_ptr<Handle> handle_;
};

}  // namespace mis
