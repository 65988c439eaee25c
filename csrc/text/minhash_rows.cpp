// Compiled once for each instruction set with CROSSTHINK_ISA as its name. It includes nothing with inline functions:
// the linker keeps one copy of those, and it might be the one that the machine cannot run.

#include "text/minhash_rows.h"

namespace crossthink::text::CROSSTHINK_ISA {
namespace {

#if defined(__AVX512F__)
constexpr size_t kLanes = 16;
#elif defined(__AVX2__)
constexpr size_t kLanes = 8;
#else
constexpr size_t kLanes = 4;
#endif
constexpr size_t kHeld = 7;  // vectors of smallest values that stay in registers
constexpr size_t kStep = kLanes * kHeld;
static_assert(kFunctions % kStep == 0);

typedef uint32_t Vec __attribute__((vector_size(kLanes * sizeof(uint32_t))));

inline Vec load(const uint32_t* from) {
    Vec x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

}  // namespace

void minhash(const MinHash& p) {
    for (size_t first = 0; first < kFunctions; first += kStep) {
        Vec smallest[kHeld];
        for (size_t i = 0; i < kHeld; ++i) smallest[i] = ~Vec{};
        for (size_t n = 0; n < p.count; ++n) {
            const Vec x = p.values[n] - Vec{};
            for (size_t i = 0; i < kHeld; ++i) {
                const size_t at = first + i * kLanes;
                const Vec value = load(p.factor + at) * x + load(p.offset + at);
                smallest[i] = value < smallest[i] ? value : smallest[i];
            }
        }
        __builtin_memcpy(p.smallest + first, smallest, sizeof smallest);
    }
}

}  // namespace crossthink::text::CROSSTHINK_ISA
