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

namespace {

// bytes_after: those behind the packed form's end.
Result<Unpacked> inflated(
    std::string_view packed, std::size_t plain_bytes_max, int window_bits, std::size_t& bytes_after
) {
    z_stream stream = {};
    if (inflateInit2(&stream, window_bits) != Z_OK)
        throw std::runtime_error("zlib cannot start: out of memory");
    std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
    Unpacked out;
    stream.next_in = input(packed);
    stream.avail_in = static_cast<uInt>(packed.size());
    for (;;) {
        const auto before = out.plain.size();
        out.plain.resize(std::min(
            plain_bytes_max + 1, std::max<std::size_t>(before * 2, packed.size() * 4 + 256)
        ));
        stream.next_out = reinterpret_cast<Bytef*>(out.plain.data() + before);
        stream.avail_out = static_cast<uInt>(out.plain.size() - before);
        const int status = inflate(&stream, Z_NO_FLUSH);
        out.plain.resize(out.plain.size() - stream.avail_out);
        bytes_after = stream.avail_in;
        if (out.plain.size() > plain_bytes_max) {
            out.plain.resize(plain_bytes_max);
            out.is_cut = true;
            return out;
        }
        if (status == Z_STREAM_END) return out;
        if (status != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0))
            return fail(ErrorKind::malformed, "unpacking: damaged or cut off");
    }
}

}  // namespace

Result<std::string> gunzip(std::string_view packed, std::size_t plain_bytes_max) {
    std::size_t bytes_after = 0;
    auto out = inflated(packed, plain_bytes_max, kGzipWindowBits, bytes_after);
    if (!out) return fail(ErrorKind::malformed, "unpacking gzip: damaged or cut off");
    if (out->is_cut) return fail(ErrorKind::malformed, "unpacking gzip: larger than the limit");
    if (bytes_after != 0) return fail(ErrorKind::malformed, "unpacking gzip: bytes after its end");
    return std::move(out->plain);
}

Result<Unpacked> unpack(std::string_view packed, std::size_t plain_bytes_max) {
    std::size_t bytes_after = 0;
    for (const int window_bits : {kGzipWindowBits, 15, -15})
        if (auto out = inflated(packed, plain_bytes_max, window_bits, bytes_after);
            out && (out->is_cut || bytes_after == 0))
            return out;
    return fail(ErrorKind::malformed, "unpacking: neither gzip nor deflate, or damaged");
}

}  // namespace mis::net
