#include "net/gzip.hpp"

#include <libdeflate.h>
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
    struct Free {
        void operator()(libdeflate_compressor* one) const { libdeflate_free_compressor(one); }
    };
    thread_local std::unique_ptr<libdeflate_compressor, Free> compressor;
    thread_local int compressor_level = 0;
    level = std::clamp(level, 1, 9);
    if (!compressor || compressor_level != level) {
        compressor.reset(libdeflate_alloc_compressor(level));
        compressor_level = level;
        if (!compressor) throw std::bad_alloc();
    }
    std::string packed(libdeflate_gzip_compress_bound(compressor.get(), plain.size()), '\0');
    const std::size_t bytes = libdeflate_gzip_compress(
        compressor.get(), plain.data(), plain.size(), packed.data(), packed.size()
    );
    MIS_ASSERT(bytes > 0);
    packed.resize(bytes);
    packed.shrink_to_fit();
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
