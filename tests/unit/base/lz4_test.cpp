// LZ4 frames: what comes out is what went in, and nothing damaged comes out.
#include "base/lz4.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mis;

TEST_CASE("lz4: texts of every size come back") {
    std::string text;
    for (const std::size_t size : {0, 1, 13, 500, 4'096, 65'535, 65'536, 65'537, 1'000'000}) {
        while (text.size() < size)
            text += "{\"patient\":\"" + std::to_string(text.size() * 2'654'435'761u) + "\"},";
        const std::string plain = text.substr(0, size);
        const std::string frame = lz4_packed(plain);
        const auto back = lz4_unpacked(frame);
        REQUIRE(back.has_value());
        CHECK(*back == plain);
        if (size >= 4'096) CHECK(frame.size() * 4 < plain.size() * 3);
    }
}

TEST_CASE("lz4: what is damaged, cut off or followed by anything is refused") {
    std::string plain;
    for (int i = 0; i < 3'000; ++i) plain += std::to_string(i * i) + ';';
    const std::string frame = lz4_packed(plain);
    for (std::size_t at = 0; at < frame.size(); at += 7) {
        std::string other = frame;
        other[at] = static_cast<char>(other[at] ^ 0x21);
        const auto back = lz4_unpacked(other);
        // a bit of the head that says nothing of the contents may differ
        if (back) CHECK(*back == plain);
        CHECK_FALSE(lz4_unpacked(std::string_view(frame).substr(0, at)));
    }
    CHECK_FALSE(lz4_unpacked(frame + "x"));
    CHECK_FALSE(lz4_unpacked(frame + frame));
    CHECK_FALSE(lz4_unpacked(""));
    CHECK_FALSE(lz4_unpacked("{\"standing\":{}}"));
    CHECK(lz4_unpacked(frame).value() == plain);  // the thread's context is usable after all that
}

TEST_CASE("lz4: a frame that promises more than it can hold costs no memory") {
    // magic, descriptor with a size of 2^40, no block: the head's checksum is not even right
    const std::string frame("\x04\x22\x4d\x18\x6c\x40\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00", 16);
    CHECK_FALSE(lz4_unpacked(frame));
}
