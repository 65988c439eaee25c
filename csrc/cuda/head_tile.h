#pragma once

// What goes out of a finished tile of logits. They lie in the registers of 128 threads as wgmma leaves them
// (multiply_64x256x16): a thread has 64 words of two rows (i), and shares a row with the three threads beside it.

#include <cuda_bf16.h>

#include "cuda/head.h"
#include "cuda/online.h"

namespace crossthink {

constexpr int kSums = kHeadWords / 2;  // logits of a thread

__device__ inline float largest_of_quad(float x) {
    x = fmaxf(x, __shfl_xor_sync(~0u, x, 1));
    return fmaxf(x, __shfl_xor_sync(~0u, x, 2));
}

__device__ inline float sum_of_quad(float x) {
    x += __shfl_xor_sync(~0u, x, 1);
    return x + __shfl_xor_sync(~0u, x, 2);
}

__device__ inline unsigned pack(float low, float high) {
    const __nv_bfloat162 two = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const unsigned*>(&two);
}

// Four lanes hold each a column of four 4-byte values; afterwards each holds a row: a 4 x 4 transposition.
__device__ inline uint4 transposed(unsigned lane, unsigned a, unsigned b, unsigned c, unsigned d) {
    const bool odd = lane & 1, upper = lane & 2;
    const unsigned ab = __shfl_xor_sync(~0u, odd ? a : b, 1), cd = __shfl_xor_sync(~0u, odd ? c : d, 1);
    const unsigned a0 = odd ? ab : a, a1 = odd ? b : ab, c0 = odd ? cd : c, c1 = odd ? d : cd;
    const unsigned x0 = __shfl_xor_sync(~0u, upper ? a0 : c0, 2), x1 = __shfl_xor_sync(~0u, upper ? a1 : c1, 2);
    return upper ? make_uint4(x0, x1, c0, c1) : make_uint4(a0, a1, x0, x1);
}

// Writes the sums of a row in the tile and, where they are kept, its exponentials.
template <bool kKeep>
__device__ void finish_row(const CudaHead& p, int64_t row, int word, int i, const float (&sum)[kSums]) {
    const unsigned lane = threadIdx.x % 4;
    const float scale = p.inverse_temperature * kLog2E;
    Online mine;
#pragma unroll
    for (int j = 0; j < kSums / 4; ++j) {
        mine.top = fmaxf(mine.top, fmaxf(sum[4 * j + 2 * i], sum[4 * j + 2 * i + 1]));
    }
    mine.top = largest_of_quad(mine.top);
    auto* exps = static_cast<__nv_bfloat16*>(p.exps) + row * p.exps_stride + word;
    float sums[2] = {}, products[2] = {};
#pragma unroll
    for (int j = 0; j < kSums / 4; j += 4) {
        unsigned packed[4];
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            float e[2];
#pragma unroll
            for (int n = 0; n < 2; ++n) {
                const float u = (sum[4 * (j + k) + 2 * i + n] - mine.top) * scale;
                e[n] = exp2_fast(u);
                sums[n] += e[n];
                products[n] = fmaf(e[n], fmaxf(u, kVanishes), products[n]);
            }
            packed[k] = pack(e[0], e[1]);
        }
        if (!kKeep) continue;
        const uint4 eight = transposed(lane, packed[0], packed[1], packed[2], packed[3]);
        const int first = 8 * (j + static_cast<int>(lane));
        if (row < p.rows && word + first < p.vocab) __stcg(reinterpret_cast<uint4*>(exps + first), eight);
    }
    mine.exps = sum_of_quad(sums[0] + sums[1]);
    mine.product = sum_of_quad(products[0] + products[1]);
    if (row >= p.rows || lane != 0) return;
    p.tiles[row * p.row_tiles + word / kHeadWords] = {mine.top, mine.exps, mine.product, 0.0f};
}

// Writes the token's logit where it is this thread's.
__device__ inline void choose(const CudaHead& p, int64_t row, int word, int i, const float (&sum)[kSums]) {
    if (row >= p.rows) return;
    const int64_t token = p.token[row];
    if (token < word || token >= min(word + int64_t(kHeadWords), p.vocab)) return;
    const int own = static_cast<int>(token - word) - 2 * static_cast<int>(threadIdx.x % 4);
    if (own < 0 || own % 8 > 1) return;
    float x = 0.0f;
#pragma unroll
    for (int j = 0; j < kSums / 4; ++j) {
#pragma unroll
        for (int n = 0; n < 2; ++n) x = own == 8 * j + n ? sum[4 * j + 2 * i + n] : x;
    }
    p.chosen[row] = x;
}

// Adds the bias; words past the vocabulary get -inf.
__device__ inline void add_bias(const CudaHead& p, int first, float (&sum)[kSums]) {
    if (!p.bias && first + kHeadWords <= p.vocab) return;
#pragma unroll
    for (int j = 0; j < kSums / 4; ++j) {
#pragma unroll
        for (int n = 0; n < 2; ++n) {
            const int64_t word = first + 8 * j + 2 * static_cast<int>(threadIdx.x % 4) + n;
            const float plus = word >= p.vocab ? -INFINITY : p.bias ? p.bias[word] : 0.0f;
            sum[4 * j + n] += plus;
            sum[4 * j + 2 + n] += plus;
        }
    }
}

}  // namespace crossthink
