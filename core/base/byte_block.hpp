// Many bytes of a text at a time, for the few loops that look at every byte of every body.
//
// A question about the bytes is answered by a mask: bit i tells of byte i, and bits behind the end
// of the text are 0. A few instructions for sixteen bytes on x86-64; elsewhere a loop.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace mis {

template <std::size_t kSize>  // 16, or four times that
class ByteBlock {
  public:
    using Mask = std::uint64_t;
    static constexpr std::size_t kBytes = kSize;

    // The bytes from `at` on, which is inside the text or its end.
    ByteBlock(std::string_view text, std::size_t at) {
        const std::size_t rest = text.size() - at;
        if (rest >= kBytes) {
            load(text.data() + at);
        } else if (text.size() >= kBytes) {  // the last of them, those before `at` shifted out
            load(text.data() + text.size() - kBytes);
            before_ = kBytes - rest;
            if (before_ == kBytes) inside_ = before_ = 0;
        } else {
            std::array<char, kBytes> padded{};
            if (rest != 0) std::memcpy(padded.data(), text.data() + at, rest);
            load(padded.data());
            inside_ = (Mask{1} << rest) - 1;
        }
    }

    Mask equal(char byte) const {
        return asked([byte](const Sixteen& some) { return equal_in(some, byte); });
    }
    // Of a letter in small; of brackets, { and [ are the same but for this.
    Mask equal_but_for_case(char small) const {
        return asked([small](const Sixteen& some) { return equal_but_for_case_in(some, small); });
    }
    Mask below(unsigned char bound) const {  // bound: at least 1
        return asked([bound](const Sixteen& some) { return below_in(some, bound); });
    }

    static std::size_t first(Mask mask) {  // mask: not 0
        return static_cast<std::size_t>(std::countr_zero(mask));
    }

  private:
#if defined(__SSE2__)
    struct Sixteen {
        __m128i bytes;
    };

    static Sixteen loaded(const char* from) {
        return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))};
    }
    static Mask marks(__m128i where) { return static_cast<unsigned>(_mm_movemask_epi8(where)); }
    static Mask equal_in(Sixteen some, char byte) {
        return marks(_mm_cmpeq_epi8(some.bytes, _mm_set1_epi8(byte)));
    }
    static Mask equal_but_for_case_in(Sixteen some, char small) {
        return equal_in({_mm_or_si128(some.bytes, _mm_set1_epi8(0x20))}, small);
    }
    static Mask below_in(Sixteen some, unsigned char bound) {
        const __m128i highest = _mm_set1_epi8(static_cast<char>(bound - 1));
        return marks(_mm_cmpeq_epi8(_mm_min_epu8(some.bytes, highest), some.bytes));
    }
#else
    using Sixteen = std::array<unsigned char, 16>;

    static Sixteen loaded(const char* from) {
        Sixteen bytes;
        std::memcpy(bytes.data(), from, bytes.size());
        return bytes;
    }
    template <typename Is>
    static Mask marks(const Sixteen& bytes, const Is& is) {
        Mask found = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) found |= Mask{is(bytes[i])} << i;
        return found;
    }
    static Mask equal_in(const Sixteen& bytes, char byte) {
        return marks(bytes, [=](unsigned char b) { return b == static_cast<unsigned char>(byte); });
    }
    static Mask equal_but_for_case_in(const Sixteen& bytes, char small) {
        return marks(bytes, [=](unsigned char b) {
            return (b | 0x20) == static_cast<unsigned char>(small);
        });
    }
    static Mask below_in(const Sixteen& bytes, unsigned char bound) {
        return marks(bytes, [=](unsigned char b) { return b < bound; });
    }
#endif

    std::array<Sixteen, kBytes / 16> sixteens_;
    std::size_t before_ = 0;
    Mask inside_ = ~Mask{0} >> (64 - kBytes);

    void load(const char* from) {
        for (std::size_t i = 0; i < sixteens_.size(); ++i) sixteens_[i] = loaded(from + 16 * i);
    }
    template <typename Question>
    Mask asked(const Question& question) const {
        Mask all = 0;
#pragma GCC unroll 4
        for (std::size_t i = 0; i < sixteens_.size(); ++i)
            all |= question(sixteens_[i]) << (16 * i);
        return (all >> before_) & inside_;
    }
};

}  // namespace mis
