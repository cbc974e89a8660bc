#include "base/charset.hpp"

#include <iconv.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace mis {

struct CharsetConverter::Handle {
    iconv_t iconv = nullptr;  // null: UTF-8 already
    ~Handle() {
        if (iconv != nullptr) iconv_close(iconv);
    }
};

CharsetConverter::CharsetConverter(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
CharsetConverter::CharsetConverter(CharsetConverter&&) noexcept = default;
CharsetConverter& CharsetConverter::operator=(CharsetConverter&&) noexcept = default;
CharsetConverter::~CharsetConverter() = default;

Result<CharsetConverter> CharsetConverter::to_utf8(std::string_view charset) {
    auto handle = std::make_unique<Handle>();
    std::string name(charset);
    if (name == "UTF8" || name == "UTF-8" || name == "UNICODE_FSS")
        return CharsetConverter(std::move(handle));
    if (name.starts_with("WIN"))
        name = "CP" + name.substr(3);
    else if (name == "KOI8R")
        name = "KOI8-R";
    else if (name == "KOI8U")
        name = "KOI8-U";
    else if (name.starts_with("DOS"))
        name = "CP" + name.substr(3);
    else if (name.starts_with("ISO8859_"))
        name = "ISO-8859-" + name.substr(8);
    const iconv_t opened = iconv_open("UTF-8", name.c_str());
    if (opened == reinterpret_cast<iconv_t>(-1))  // NOLINT: iconv's own error value
        return fail(ErrorKind::misconfigured, "unknown character set " + std::string(charset));
    handle->iconv = opened;
    return CharsetConverter(std::move(handle));
}

Result<std::string> CharsetConverter::convert(std::string_view bytes) {
    if (handle_->iconv == nullptr) {
        if (is_valid_utf8(bytes)) return std::string(bytes);
        return fail(ErrorKind::malformed, "bytes are not UTF-8");
    }
    std::string out(
        bytes.size() * 3 + 8, '\0'
    );  // one byte of a single-byte set becomes at most three of UTF-8
    char* from = const_cast<char*>(bytes.data());
    std::size_t from_left = bytes.size();
    char* to = out.data();
    std::size_t to_left = out.size();
    ::iconv(handle_->iconv, nullptr, nullptr, nullptr, nullptr);
    while (from_left > 0) {
        if (::iconv(handle_->iconv, &from, &from_left, &to, &to_left) !=
            static_cast<std::size_t>(-1))
            break;
        if (errno != E2BIG)
            return fail(
                ErrorKind::malformed, "byte " + std::to_string(bytes.size() - from_left) +
                                          " is not of the declared character set"
            );
        const auto used = static_cast<std::size_t>(to - out.data());
        out.resize(out.size() * 2);
        to = out.data() + used;
        to_left = out.size() - used;
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
    return out;
}

}  // namespace mis
