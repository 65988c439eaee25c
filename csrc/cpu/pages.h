#pragma once

#include <cstdint>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace crossthink {

// Asks the kernel to back the memory that is not touched yet with pages of 2 MiB, where the system gives them when
// asked: a first touch of 4 KiB costs 1 to 4 us, which for a large result is more than the work that fills it.
inline void use_huge_pages([[maybe_unused]] uintptr_t address, [[maybe_unused]] uintptr_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    constexpr uintptr_t kPage = uintptr_t{1} << 21;
    const uintptr_t begin = (address + kPage - 1) / kPage * kPage, end = (address + bytes) / kPage * kPage;
    if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

}  // namespace crossthink
