#include "platform/memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace mis::platform {
namespace {

// Segments that cannot be written are as they are in their files: their pages may go at any time.
int let_pages_go(dl_phdr_info* object, std::size_t, void*) {
    static const auto page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
        const std::uintptr_t first = (begin + page_bytes - 1) / page_bytes * page_bytes;
        const std::uintptr_t end = (begin + segment.p_memsz) / page_bytes * page_bytes;
        if (first < end)  // refused for what is no file, such as the kernel's own piece of code
            ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void keep_memory_small() {
    constexpr int kHeapsMax = 2;
    constexpr int kOwnPieceBytesMin = 256 * 1024;
    ::mallopt(M_ARENA_MAX, kHeapsMax);
    ::mallopt(M_MMAP_THRESHOLD, kOwnPieceBytesMin);
    ::mallopt(M_TRIM_THRESHOLD, kOwnPieceBytesMin);
}

void give_back_free_memory() {
    ::malloc_trim(0);
    ::dl_iterate_phdr(&let_pages_go, nullptr);
}

}  // namespace mis::platform
