#include "base/lz4.hpp"

#include <lz4frame.h>

#include <cstdint>
#include <memory>
#include <new>

namespace mis {
namespace {

constexpr std::uint64_t kRatioMax = 255;  // of the format: no frame becomes larger than that

struct FreeFrameContext {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};
using Context = std::unique_ptr<LZ4F_dctx, FreeFrameContext>;

LZ4F_dctx* context_of_thread() {
    static thread_local Context context;
    if (!context) {
        LZ4F_dctx* made = nullptr;
        if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)))
            throw std::bad_alloc();
        context.reset(made);
    }
    LZ4F_resetDecompressionContext(context.get());
    return context.get();
}

tl::unexpected<Error> damaged() {
    return fail(ErrorKind::malformed, "unpacking an LZ4 frame: damaged or cut off");
}

}  // namespace

std::string lz4_packed(std::string_view plain) {
    LZ4F_preferences_t form{};
    form.frameInfo.contentSize = plain.size();
    form.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    std::string frame(LZ4F_compressFrameBound(plain.size(), &form), '\0');
    const std::size_t bytes =
        LZ4F_compressFrame(frame.data(), frame.size(), plain.data(), plain.size(), &form);
    if (LZ4F_isError(bytes)) throw std::bad_alloc();  // nothing else can go wrong with this bound
    frame.resize(bytes);
    return frame;
}

Result<std::string> lz4_unpacked(std::string_view frame) {
    LZ4F_dctx* context = context_of_thread();
    LZ4F_frameInfo_t info{};
    std::size_t head = frame.size();
    if (LZ4F_isError(LZ4F_getFrameInfo(context, &info, frame.data(), &head))) return damaged();
    if (info.contentSize > frame.size() * kRatioMax) return damaged();
    std::string plain(info.contentSize, '\0');
    const LZ4F_decompressOptions_t straight{
        .stableDst = 1, .skipChecksums = 0, .reserved1 = 0, .reserved0 = 0};
    std::size_t read = head, written = 0;
    for (;;) {
        std::size_t given = frame.size() - read, room = plain.size() - written;
        const std::size_t more = LZ4F_decompress(
            context, plain.data() + written, &room, frame.data() + read, &given, &straight
        );
        if (LZ4F_isError(more)) return damaged();
        read += given;
        written += room;
        if (more == 0) break;
        if (given == 0 && room == 0) return damaged();
    }
    if (read != frame.size() || written != plain.size()) return damaged();
    return plain;
}

}  // namespace mis
