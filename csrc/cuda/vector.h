#pragma once

// Sixteen-byte loads and stores of fp32, bf16 and fp16, widened to fp32 on the way.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "cuda/ptx.h"

namespace crossthink {

__device__ inline float widen(float x) { return x; }
__device__ inline float widen(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline float widen(__half x) { return __half2float(x); }

__device__ inline void narrow(float x, float& to) { to = x; }
__device__ inline void narrow(float x, __nv_bfloat16& to) { to = __float2bfloat16(x); }
__device__ inline void narrow(float x, __half& to) { to = __float2half(x); }

constexpr int kBytes = 16;  // the widest load of a thread

template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
    T x[N];
};

// N values from place `at` of a row that ends at `end`; what lies past it is `fill`. `kAligned`: every place that is a
// multiple of N is on a boundary of the pack's size.
template <bool kAligned, int N, class T>
__device__ void load(const T* row, int64_t at, int64_t end, float fill, float* out) {
    if (kAligned && at + N <= end) {
        const auto pack = *reinterpret_cast<const Pack<T, N>*>(row + at);
#pragma unroll
        for (int i = 0; i < N; ++i) out[i] = widen(pack.x[i]);
    } else {
#pragma unroll
        for (int i = 0; i < N; ++i) out[i] = at + i < end ? widen(row[at + i]) : fill;
    }
}

// The bits of as many values as fit, -inf past the end, for what is read once.
template <bool kAligned, class T>
__device__ uint4 load_once(const T* row, int at, int end) {
    constexpr int kCount = kBytes / sizeof(T), kInWord = 4 / sizeof(T), kBits = 8 * sizeof(T);
    if (kAligned && at + kCount <= end) return read_once(row + at);
    uint32_t words[4] = {};
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
        T value;
        narrow(-INFINITY, value);
        if (at + i < end) value = row[at + i];
        std::conditional_t<sizeof(T) == 4, uint32_t, uint16_t> own;
        __builtin_memcpy(&own, &value, sizeof(T));
        words[i / kInWord] |= uint32_t(own) << (i % kInWord * kBits);
    }
    return {words[0], words[1], words[2], words[3]};
}

template <bool kAligned, int N, class T>
__device__ void store(T* row, int64_t at, int64_t end, const float* values) {
    if (kAligned && at + N <= end) {
        Pack<T, N> pack;
#pragma unroll
        for (int i = 0; i < N; ++i) narrow(values[i], pack.x[i]);
        *reinterpret_cast<Pack<T, N>*>(row + at) = pack;
    } else {
#pragma unroll
        for (int i = 0; i < N; ++i) {
            if (at + i < end) narrow(values[i], row[at + i]);
        }
    }
}

inline bool is_aligned(const void* base, int64_t row_bytes, int64_t bytes) {
    return reinterpret_cast<uintptr_t>(base) % bytes == 0 && row_bytes % bytes == 0;
}

}  // namespace crossthink
