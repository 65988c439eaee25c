#pragma once

// As much of CUDA as the row kernels of csrc/cuda use, for a compiler of C++.

#include <cmath>
#include <cstring>

#include "block.h"

#define __device__
#define __global__
#define __shared__ static  // one block runs at a time
#define __launch_bounds__(threads)

using cuda_on_cpu::kLanes;

struct ThreadIndex {
    struct {
        operator unsigned() const { return cuda_on_cpu::Block::the().current; }
    } x;
};
inline ThreadIndex threadIdx;
inline cuda_on_cpu::Index &blockIdx = cuda_on_cpu::block_index, &gridDim = cuda_on_cpu::grid_size;

struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(8) float2 {
    float x, y;
};

using cudaError_t = int;
using cudaStream_t = void*;
constexpr cudaError_t cudaSuccess = 0;
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline const char* cudaGetErrorString(cudaError_t) { return ""; }

inline void __syncthreads() {
    auto& block = cuda_on_cpu::Block::the();
    block.wait(block.all, 0, true);
}

// What each lane of the caller's warp gave; every lane has to.
template <class T>
struct Warp {
    const uint64_t* words;

    explicit Warp(unsigned mask, T own) {
        if (mask != ~0u) throw std::logic_error("an exchange of less than a warp");
        auto& block = cuda_on_cpu::Block::the();
        auto* slots = block.words[block.threads[block.current].votes++ % 2];
        static_assert(sizeof(T) <= sizeof(uint64_t));
        std::memcpy(&slots[block.current], &own, sizeof own);
        const int warp = block.current / kLanes;
        block.wait(block.warps[warp], kLanes, false);
        words = slots + warp * kLanes;
    }

    T operator[](int lane) const {
        T value;
        std::memcpy(&value, &words[lane], sizeof value);
        return value;
    }
};

inline int own_lane() { return threadIdx.x % kLanes; }

template <class T>
T __shfl_sync(unsigned mask, T x, int from) {
    return Warp<T>(mask, x)[from % kLanes];
}

template <class T>
T __shfl_xor_sync(unsigned mask, T x, int distance) {
    return Warp<T>(mask, x)[own_lane() ^ distance];
}

template <class T>
T __shfl_up_sync(unsigned mask, T x, int distance) {
    const int from = own_lane() - distance;
    return Warp<T>(mask, x)[from < 0 ? own_lane() : from];
}

template <class T>
T __shfl_down_sync(unsigned mask, T x, int distance) {
    const int from = own_lane() + distance;
    return Warp<T>(mask, x)[from < kLanes ? from : own_lane()];
}

inline unsigned __ballot_sync(unsigned mask, bool vote) {
    const Warp<int> votes(mask, vote);
    unsigned bits = 0;
    for (int lane = 0; lane < kLanes; ++lane) bits |= static_cast<unsigned>(votes[lane]) << lane;
    return bits;
}

inline bool __all_sync(unsigned mask, bool vote) { return __ballot_sync(mask, vote) == ~0u; }

inline int __reduce_add_sync(unsigned mask, int x) {
    const Warp<int> all(mask, x);
    int sum = 0;
    for (int lane = 0; lane < kLanes; ++lane) sum += all[lane];
    return sum;
}

inline int __reduce_max_sync(unsigned mask, int x) {
    const Warp<int> all(mask, x);
    int most = x;
    for (int lane = 0; lane < kLanes; ++lane) most = all[lane] > most ? all[lane] : most;
    return most;
}

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __clz(unsigned x) { return x ? __builtin_clz(x) : 32; }
inline int __ffs(unsigned x) { return __builtin_ffs(static_cast<int>(x)); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __fmul_rn(float a, float b) { return a * b; }

template <class T>
T __ldcs(const T* at) {
    return *at;
}

template <class T>
void __stcs(T* at, T value) {
    *at = value;
}
