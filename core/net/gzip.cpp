#include "net/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace mis::net {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // zlib's way of saying "gzip header and trailer"

Bytef* input(std::string_view bytes) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data())
    );  // zlib's API is not const-correct
}

}  // namespace

std::string gzip(std::string_view plain, int level) {
    z_stream stream = {};
    // 256 KB of working memory at the default memLevel; 14 bits and level 6 keep it near 100 KB for
    // bodies of this size
    if (deflateInit2(
            &stream, std::clamp(level, 1, 9), Z_DEFLATED, 14 + 16, 6, Z_DEFAULT_STRATEGY
        ) != Z_OK)
        throw std::runtime_error("zlib cannot start: out of memory");
    std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, deflateEnd);
    std::string packed(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
    stream.next_in = input(plain);
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    MIS_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed.resize(stream.total_out);
    return packed;
}

Result<std::string> gunzip(std::string_view packed, std::size_t plain_bytes_max) {
    z_stream stream = {};
    if (inflateInit2(&stream, kGzipWindowBits) != Z_OK)
        throw std::runtime_error("zlib cannot start: out of memory");
    std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
    std::string plain;
    stream.next_in = input(packed);
    stream.avail_in = static_cast<uInt>(packed.size());
    for (;;) {
        const auto before = plain.size();
        plain.resize(std::min(
            plain_bytes_max + 1, std::max<std::size_t>(before * 2, packed.size() * 4 + 256)
        ));
        stream.next_out = reinterpret_cast<Bytef*>(plain.data() + before);
        stream.avail_out = static_cast<uInt>(plain.size() - before);
        const int status = inflate(&stream, Z_NO_FLUSH);
        plain.resize(plain.size() - stream.avail_out);
        if (plain.size() > plain_bytes_max)
            return fail(ErrorKind::malformed, "unpacking gzip: larger than the limit");
        if (status == Z_STREAM_END) break;
        if (status != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0))
            return fail(ErrorKind::malformed, "unpacking gzip: damaged or cut off");
    }
    if (stream.avail_in != 0)
        return fail(ErrorKind::malformed, "unpacking gzip: bytes after its end");
    return plain;
}

}  // namespace mis::net
