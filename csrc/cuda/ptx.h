#pragma once

// What C++ has no words for: single instructions of the device. tests/ops/cuda_on_cpu has its own of each.

#include <cuda_runtime.h>

namespace crossthink {

// 2^x; -inf gives 0, NaN stays one.
__device__ inline float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ inline float log2_fast(float x) {
    float y;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// The square root to the last bit but one.
__device__ inline float sqrt_fast(float x) {
    float y;
    asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// Sixteen bytes that are read once: the cache may drop them first. Volatile, so that the read stays in front of the
// writes that follow it, and bits, since a compiler that sees values takes them apart, and waits for them, where they
// are read and not where they are used.
__device__ inline uint4 read_once(const void* at) {
    uint4 bits;
    asm volatile("ld.global.cs.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(bits.x), "=r"(bits.y), "=r"(bits.z), "=r"(bits.w)
                 : "l"(at)
                 : "memory");
    return bits;
}

}  // namespace crossthink
